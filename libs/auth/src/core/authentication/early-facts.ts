// What was found out about a credential before the route of its request was known. The guard of the route goes on from it, and checks all
// that its route demands itself.
import type { Clock } from '../base/clock.js';
import type { Verified } from '../base/principal.js';
import type { AuthRequest } from '../base/request.js';
import type { Candidate, Scheme } from '../schemes/schemes.js';
import type { Account } from '../users/accounts.js';

/** A credential that was verified and not revoked, and whose account that is. */
export interface EarlyFact {
  readonly credential: unknown;
  readonly verified: Verified;
  readonly account: Account;
  readonly atMs: number;
}

/** A body may take minutes to arrive, in which a credential can end: older facts are found out again. */
const FRESH_MS = 1_000;

/** Keeps facts as long as their request. */
export class EarlyFacts {
  private readonly byRequest = new WeakMap<AuthRequest, Map<Scheme, EarlyFact>>();

  constructor(private readonly clock: Clock) {}

  keep(request: AuthRequest, { scheme, credential }: Candidate, found: Pick<EarlyFact, 'verified' | 'account'>): void {
    const ofRequest = this.byRequest.get(request) ?? new Map<Scheme, EarlyFact>();
    ofRequest.set(scheme, { credential, ...found, atMs: this.clock.monotonicMs() });
    this.byRequest.set(request, ofRequest);
  }

  /** The fact about exactly this credential, if it is of a moment ago. */
  of(request: AuthRequest, { scheme, credential }: Candidate): EarlyFact | undefined {
    const fact = this.byRequest.get(request)?.get(scheme);
    const isFresh = fact !== undefined && this.clock.monotonicMs() - fact.atMs < FRESH_MS;
    return isFresh && fact.credential === credential ? fact : undefined;
  }
}
