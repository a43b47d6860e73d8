// Sign-ins in several steps: what can be asked of them.
import { MINUTE_MS, SECOND_MS, type Duration } from '../../../core/base/duration.js';
import { group } from '../../../core/base/option-group.js';
import { duration, wholeNumber, wholeSeconds } from '../../../core/base/option-kinds.js';

/** Sign-ins in several steps, for user sources that answer with `challenge()`. */
export interface SignInStepOptions {
  /** How long a person has for the next step: 30 seconds to 15 minutes. @defaultValue '5m' */
  readonly stepTtl?: Duration;
  /** How often one step may be tried: 1 to 10. @defaultValue 3 */
  readonly tries?: number;
  /**
   * How many tries of further steps one user has in an hour, right ones included: 1 to 100. Otherwise an attacker who knows the password
   * could begin again without end. A changed stamp resets the count. @defaultValue 20
   */
  readonly triesPerHour?: number;
}

export const signIn = group<SignInStepOptions>()({
  summary: 'sign-ins in several steps',
  options: {
    stepTtl: duration({
      min: 30 * SECOND_MS,
      max: 15 * MINUTE_MS,
      accepts: '30 seconds to 15 minutes',
      default: '5m',
      summary: 'how long a person has for the next step',
    }),
    tries: wholeNumber({ min: 1, max: 10, default: 3, summary: 'how often one step may be tried' }),
    triesPerHour: wholeNumber({
      min: 1,
      max: 100,
      default: 20,
      summary: 'how many tries of further steps one user has in an hour, right ones included',
    }),
  },
  settings: ({ stepTtl, tries = 3, triesPerHour = 20 }) => ({ ttlSeconds: wholeSeconds(stepTtl), tries, triesPerHour }),
});
