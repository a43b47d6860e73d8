// The continuation of a sign-in in several steps: a token that is used once, tried a few times, and valid for its sender only.
import { createHash } from 'node:crypto';
import { orUnavailable } from '../base/at-once.js';
import { dateOf, type Clock } from '../base/clock.js';
import { AuthError, type FurtherStep } from '../base/errors.js';
import { isRecord } from '../base/members.js';
import type { Json, Subject, Verified } from '../base/principal.js';
import type { OneTimeTokens } from '../issuing/one-time-tokens.js';
import type { OneTimeStore } from '../stores/stores.js';
import type { Challenge, SignInFacts, SignInStep } from '../users/sign-in-answers.js';

/** How long a step may take, and how often it may be tried. */
export interface StepSettings {
  readonly ttlSeconds: number;
  /** Tries of one continuation. */
  readonly tries: number;
  /** Tries of one user in one hour, whichever continuations they are of. */
  readonly triesPerHour: number;
}

/** The client that a continuation is issued to. */
export interface StepSender {
  readonly facts: SignInFacts;
  /** What only the sender knows, or a digest of it: the same text at each step. `undefined` if there is nothing. */
  readonly secret: string | undefined;
  /** Where the sign-in is: a continuation is of no use elsewhere, where other rules may hold for the login. */
  readonly at: string | undefined;
}

/** A step that was begun just now. */
export interface IssuedStep {
  readonly subject: Subject;
  readonly step: FurtherStep;
}

/** A step that was begun, before it was checked. */
export interface BegunStep {
  /** Whose sign-in it is. */
  readonly subject: Subject;
  readonly step: SignInStep;
  /** When another provider authenticated the user before it. */
  readonly authTime: Date | undefined;
  /** Counts a try. @throws {AuthError} `invalid_credentials`, `too_many_requests`, `store_unavailable` */
  takeTry(): Promise<void>;
  /** Uses the continuation: of many calls exactly one resolves. @throws {AuthError} `invalid_credentials`, `store_unavailable` */
  use(): Promise<void>;
}

/** Reserved: `OneTimeTokens` neither issues nor redeems it for the application. */
const PURPOSE = 'nestjs-latchkey.sign-in-step';

const HOUR_SECONDS = 3_600;

/** Makes and opens continuations. */
export class Continuations {
  constructor(
    private readonly parts: {
      readonly settings: StepSettings;
      readonly clock: Clock;
      readonly oneTime: OneTimeTokens;
      readonly store: OneTimeStore | undefined;
    },
  ) {}

  /**
   * What the client receives about the step, with the continuation, and whose sign-in it is.
   * @param authTime when another provider authenticated the user, if the application relies on that
   * @throws {AuthError} the 503 codes
   */
  async begin(
    { kind, user, data, acr, amr }: Challenge,
    sender: StepSender,
    authTime: Date | undefined,
  ): Promise<IssuedStep> {
    const { oneTime, settings } = this.parts;
    const { token: continuation, subject } = await oneTime.sign(user, {
      purpose: PURPOSE,
      ttl: settings.ttlSeconds,
      data: withoutAbsent({ kind, data, acr, amr, authTime: authTime && seconds(authTime), sender: digestOf(sender) }),
    });
    return { subject, step: { kind, data, continuation, expiresIn: settings.ttlSeconds } };
  }

  /**
   * The step that the continuation represents. Nothing is used yet.
   * @throws {AuthError} `invalid_credentials`, the same for every reason: forged, expired, used, of another sender, or of a user who is
   * gone, inactive or changed; the 503 codes
   */
  async open(continuation: string, sender: StepSender): Promise<BegunStep> {
    const { verified, user, use } = await asInvalidCredentials(() => this.parts.oneTime.inspect(continuation, PURPOSE));
    const said = verified.claims['data'];
    if (!isSaid(said) || said.sender !== digestOf(sender) || user === undefined)
      throw new AuthError('invalid_credentials');
    const { kind, data, acr, amr = [], authTime } = said;
    return {
      subject: verified.subject,
      step: { kind, user, data, acr, amr },
      authTime: authTime === undefined ? undefined : dateOf(authTime),
      takeTry: () => this.takeTry(verified),
      use: () => asInvalidCredentials(use),
    };
  }

  /**
   * A try is taken before it is checked, so that many at once are not more than they may be. Those of the user count too: an attacker who
   * knows the password could begin again without end, and guess six digits in an afternoon. With a changed stamp the count begins again.
   */
  private async takeTry({ subject, jti, stamp, expiresAt = 0 }: Verified): Promise<void> {
    const { clock, settings } = this.parts;
    const { issuer, id } = subject;
    const own = ['sign-in-try', issuer, jti ?? ''];
    if (!(await this.takeOne(own, settings.tries, expiresAt + HOUR_SECONDS)))
      throw new AuthError('invalid_credentials');
    const now = clock.nowSeconds();
    const hour = Math.floor(now / HOUR_SECONDS);
    const end = (hour + 1) * HOUR_SECONDS;
    const ofUser = ['sign-in-tries', issuer, id, stamp ?? '', String(hour)];
    if (await this.takeOne(ofUser, settings.triesPerHour, end + HOUR_SECONDS)) return;
    throw new AuthError('too_many_requests', { retryAfterSeconds: end - now });
  }

  /** Takes one of so many places, each of which can be taken once. */
  private async takeOne(name: readonly string[], most: number, forgottenAt: number): Promise<boolean> {
    const { store } = this.parts;
    for (let place = 0; place < most; place += 1) {
      const id = JSON.stringify([...name, place]);
      if ((await orUnavailable('store_unavailable', async () => store?.consume(id, forgottenAt))) === true) return true;
    }
    return false;
  }
}

/** What a continuation says. */
interface Said {
  readonly kind: string;
  readonly sender: string;
  readonly data?: Json;
  readonly acr?: string;
  readonly amr?: readonly string[];
  /** In epoch seconds. */
  readonly authTime?: number;
}

/** Our own key signed it; the shape is looked at because another version of the library may have. */
function isSaid(data: unknown): data is Said {
  return isRecord(data) && typeof data['kind'] === 'string' && typeof data['sender'] === 'string';
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

function withoutAbsent(members: Readonly<Record<string, Json | undefined>>): Json {
  return Object.fromEntries(Object.entries(members).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

/** The program that sends, what it alone knows, and where it sends to. The address is left out: it changes under way, from one network to another. */
function digestOf({ facts, secret, at }: StepSender): string {
  const text = JSON.stringify([facts.userAgent ?? null, secret ?? null, at ?? null]);
  return createHash('sha256').update(text).digest('base64url');
}

/** One answer for all that is wrong, and unavailable (503) as it is. */
async function asInvalidCredentials<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof AuthError) || cause.isUnavailable) throw cause;
    throw new AuthError('invalid_credentials', { cause });
  }
}
