// The signing keys of this application from its start to its end. A service that only verifies has none.
import type { JWK } from 'jose';
import type { Clock } from '../base/clock.js';
import { AuthConfigurationError } from '../base/errors.js';
import type { EventSink } from '../base/event-sink.js';
import type { OperatorNotices } from '../base/operator-notices.js';
import type { Algorithm, KeyInput, SigningKey } from './keys.js';
import { ephemeralKeys, KeyRing, KeySource, staticKeys, type KeyRingInput } from './key-ring.js';

/** What the keys are opened with. */
export interface OwnKeysOptions {
  /** `undefined` asks for a key pair that ends with the process. */
  readonly keys: KeyInput | KeyRingInput | KeySource | undefined;
  /** The algorithm of keys that do not say it. */
  readonly algorithm: Algorithm | undefined;
  /** For events. */
  readonly issuer: string;
  /** Life of the longest-lived token, tolerance included. */
  readonly overlapSeconds: number;
  readonly clock: Clock;
  readonly eventSink: EventSink;
  readonly notices: OperatorNotices;
}

/**
 * The signing keys of this application. Inject it to rotate them: `ownKeys.reload()`. A service that only verifies has none.
 *
 * @example
 * ```ts
 * import type { OwnKeys } from 'nestjs-latchkey/keys';
 *
 * export const rotate = (ownKeys: OwnKeys) => ownKeys.reload();
 * ```
 */
export class OwnKeys {
  private constructor(
    /** @internal `undefined` in a service that only verifies. */
    readonly ring: KeyRing | undefined,
  ) {}

  /** @internal The keys of a service that only verifies: none. */
  static none(): OwnKeys {
    return new OwnKeys(undefined);
  }

  /** @internal @throws {AuthConfigurationError} with everything that is wrong with any key */
  static async open({ keys, algorithm, issuer, eventSink, notices, ...rest }: OwnKeysOptions): Promise<OwnKeys> {
    const ring = await KeyRing.open({
      ...rest,
      source: sourceOf(keys, algorithm),
      alg: algorithm,
      onProblem: (problem, takenOver) => {
        report(notices, problem, takenOver);
        if (!takenOver) eventSink.after({ type: 'keys_refused', issuer, reason: 'The new keys were not acceptable.' });
      },
      onChange: (kid, count) => eventSink.after({ type: 'keys_rotated', issuer, kid, count }),
    });
    return new OwnKeys(ring);
  }

  /** @throws {AuthConfigurationError} in a service that only verifies */
  get signingKey(): SigningKey {
    if (this.ring === undefined) {
      throw new AuthConfigurationError([
        'this service only verifies: to issue tokens, give AuthModule `issuer` and `keys`',
      ]);
    }
    return this.ring.signingKey;
  }

  /** The public keys in force, the next one included. Secrets have none. */
  publicJwks(): { readonly keys: readonly JWK[] } {
    return this.ring?.publicJwks() ?? { keys: [] };
  }

  /**
   * Secrets for another purpose than signing, the one to use first: the same in every process that has the keys. Empty if the private keys
   * are not in this process.
   */
  secretsFor(purpose: string): readonly Uint8Array[] {
    return this.ring?.secretsFor(purpose) ?? [];
  }

  /** Loads the current keys of the source. Resolves `false`, and changes nothing, if any of it is wrong or there are no keys to follow. */
  async reload(): Promise<boolean> {
    return this.ring?.reload() ?? false;
  }

  /** @internal Stops following the source of the keys. */
  close(): void {
    this.ring?.close();
  }
}

function sourceOf(keys: OwnKeysOptions['keys'], algorithm: Algorithm | undefined): KeySource {
  if (keys === undefined) return ephemeralKeys(algorithm);
  return keys instanceof KeySource ? keys : staticKeys(keys);
}

/** Operators are notified of a ring that was refused, and of a key that is kept longer than its source lists it. */
function report(notices: OperatorNotices, problem: unknown, takenOver: boolean): void {
  const reason = problem instanceof AuthConfigurationError ? problem.message : 'The key source failed.';
  if (takenOver)
    notices.warn(`The new keys were taken over, and a dropped one is kept until its tokens end. ${reason}`);
  else notices.error(`The new keys were not taken over; the last good ones stay in force. ${reason}`);
}
