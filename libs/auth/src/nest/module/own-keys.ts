// The life of our own key ring in an application: opened at boot, followed while it changes, closed at the end. A service
// that only verifies has none.
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import type { Clock } from '../../core/base/clock.js';
import { AuthConfigurationError } from '../../core/base/errors.js';
import { ephemeralKeys, KeyRing, KeySource, staticKeys } from '../../core/keys/key-ring.js';
import type { SigningKey } from '../../core/keys/keys.js';
import { channelSink, type EventSink } from '../../core/base/event-sink.js';
import { DEFAULTS } from '../options/auth.options.js';
import type { AuthSettings } from '../options/settings.js';

/** The signing keys of this application. Inject it to rotate them: `ownKeys.ring?.reload()`. */
@Injectable()
export class OwnKeys implements OnModuleDestroy {
  private static readonly logger = new Logger('AuthModule');

  private constructor(
    /** The ring; `undefined` in a service that only verifies. */
    readonly ring: KeyRing | undefined,
  ) {}

  /** @throws {AuthConfigurationError} with everything that is wrong with any key */
  static async open(settings: AuthSettings, clock: Clock, eventSink: EventSink = channelSink): Promise<OwnKeys> {
    if (!settings.issuing) return new OwnKeys(undefined);
    const { refresh, access, issuer } = settings.tokens;
    const ring = await KeyRing.open({
      source: sourceOf(settings),
      clock,
      alg: settings.algorithm,
      overlapSeconds: Math.max(refresh.idleSeconds, access.maxTtlSeconds) + settings.toleranceSeconds,
      onProblem: (problem, takenOver) => {
        OwnKeys.report(problem, takenOver);
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

  onModuleDestroy(): void {
    this.ring?.close();
  }

  /** Operators must hear of a ring that was not taken over, and of a key that is kept longer than its source would. */
  private static report(problem: unknown, takenOver: boolean): void {
    const reason = problem instanceof AuthConfigurationError ? problem.message : 'The key source failed.';
    if (takenOver)
      this.logger.warn(`The new keys were taken over, and a dropped one is kept until its tokens end. ${reason}`);
    else this.logger.error(`The new keys were not taken over; the last good ones stay in force. ${reason}`);
  }
}

function sourceOf({ keys, algorithm }: AuthSettings): KeySource {
  if (keys === undefined) return ephemeralKeys(algorithm ?? DEFAULTS.algorithm);
  return keys instanceof KeySource ? keys : staticKeys(keys);
}
