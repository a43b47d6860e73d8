// Checks of what callers of `TokenService.issue` and its siblings pass in.
import { parseDurationMs, MINUTE_MS } from '../base/duration.js';
import { kindOf } from '../base/kind-of.js';
import type { Subject } from '../base/principal.js';
import { assertProof } from '../base/proof.js';
import { isFilter } from '../policies/filters.js';
import type { RefreshGrant } from './token-minter.js';
import type { IssueOptions, LoginOptions } from './token-options.js';
import type { TokenSettings } from './token-settings.js';
import { clientIdProblem } from '../tokens/client-id.js';
import { subjectProblem } from '../tokens/subject-id.js';
import { stampDigest, type UserDescription } from '../users/users.js';

/** @throws {TypeError} for an id that a verifier would refuse, this service included */
export function assertSubject(id: unknown, name: string): void {
  const problem = subjectProblem(id);
  if (problem !== undefined) throw new TypeError(`${name} ${problem}.`);
}

/** @throws {TypeError} if the audience is not a name or a list of names */
export function audienceIn({ audience }: Pick<IssueOptions, 'audience'>): readonly string[] | undefined {
  if (audience === undefined) return undefined;
  const names: readonly unknown[] = [audience].flat();
  const isNamed = names.length > 0 && names.every((name) => typeof name === 'string' && name.trim() !== '');
  if (!isNamed) throw new TypeError('The audience must be a name or a list of names; leave it out for the default.');
  return names as readonly string[];
}

/** What is kept of a sign-in besides its user. */
type SignInFacts = Pick<RefreshGrant, 'clientId' | 'acr' | 'amr' | 'restricted' | 'filters'>;

/** @throws {TypeError} for what could not be signed, or would not be read */
function signInFacts({ clientId, acr, amr, restricted, filters }: IssueOptions): SignInFacts {
  const problem = clientId === undefined ? undefined : clientIdProblem(clientId);
  if (problem !== undefined) throw new TypeError(`The clientId ${problem}.`);
  assertProof({ acr, amr });
  return {
    clientId,
    acr,
    amr,
    restricted: isRestricted(restricted),
    filters: filters === undefined ? undefined : assertFilters(filters),
  };
}

/**
 * Whether a token is restricted. A database answers with 1 for true: a token that is taken for unrestricted then could do more than it may.
 * @throws {TypeError} for anything but true, false and nothing
 */
export function isRestricted(given: unknown): boolean {
  if (given === undefined || given === null || typeof given === 'boolean') return given === true;
  throw new TypeError(`restricted is ${kindOf(given)}; accepted is true or false.`);
}

/** When the user was authenticated, in epoch seconds: by default the time of issue. */
export function authTimeOf({ authTime }: Pick<LoginOptions, 'authTime'>, issuedAt: number): number {
  return authTime === undefined ? issuedAt : Math.floor(authTime.getTime() / 1000);
}

/** How long a login may last. @throws {TypeError} for more than the module allows: a login shortens it, and never lengthens it */
export function lifetimeOf(
  { refresh }: Pick<LoginOptions, 'refresh'>,
  module: Pick<TokenSettings['refresh'], 'idleSeconds' | 'absoluteSeconds'>,
): { readonly idleSeconds: number; readonly absoluteSeconds: number } {
  return {
    idleSeconds: secondsOf('idle', refresh?.idle, module.idleSeconds),
    absoluteSeconds: secondsOf('absolute', refresh?.absolute, module.absoluteSeconds),
  };
}

function secondsOf(name: 'idle' | 'absolute', given: unknown, most: number): number {
  if (given === undefined) return most;
  const milliseconds = parseDurationMs(given);
  if (milliseconds !== undefined && milliseconds >= MINUTE_MS && milliseconds <= most * 1000)
    return Math.floor(milliseconds / 1000);
  throw new TypeError(
    `refresh.${name} of a login must be a duration from one minute to that of the module (${most} seconds).`,
  );
}

/** @throws {TypeError} for a filter that no route could read: the token would be refused everywhere */
export function assertFilters(filters: readonly string[]): readonly string[] {
  const broken = filters.find((filter) => !isFilter(filter));
  if (broken !== undefined) throw new TypeError(`${JSON.stringify(broken)} is not a filter; write 'kind:value'.`);
  return filters;
}

/** How long an access token lives, in seconds. @throws {TypeError} for more than the module allows */
export function accessTtlIn(
  { accessTtl }: Pick<IssueOptions, 'accessTtl'>,
  { ttlSeconds, maxTtlSeconds }: Pick<TokenSettings['access'], 'ttlSeconds' | 'maxTtlSeconds'>,
): number {
  if (accessTtl === undefined) return ttlSeconds;
  const milliseconds = parseDurationMs(accessTtl);
  if (milliseconds === undefined || milliseconds < 1000 || milliseconds > maxTtlSeconds * 1000)
    throw new TypeError(`accessTtl must be a duration from 1 second to access.maxTtl (${maxTtlSeconds} seconds).`);
  return Math.floor(milliseconds / 1000);
}

/** Whom a grant is for, and what the module says of access tokens. */
interface GrantContext {
  readonly subject: Subject;
  readonly description: Pick<UserDescription, 'stamp'>;
  readonly access: Parameters<typeof accessTtlIn>[1];
}

type Asked = SignInFacts & Pick<RefreshGrant, 'subject' | 'scopes' | 'accessTtlSeconds' | 'audience' | 'stamp'>;

/** What is kept of a sign-in, or of a token alone, as the caller asked for it. @throws {TypeError} for what is not acceptable */
export function askedFor(options: IssueOptions, { subject, description: { stamp }, access }: GrantContext): Asked {
  return {
    subject,
    scopes: options.scopes,
    accessTtlSeconds: options.accessTtl === undefined ? undefined : accessTtlIn(options, access),
    audience: audienceIn(options),
    ...signInFacts(options),
    stamp: stamp === undefined ? undefined : stampDigest(subject, stamp),
  };
}
