// Refresh tokens, and with them the life of a login: what can be asked of them.
import { DAY_MS, MINUTE_MS, type Duration } from '../../../core/base/duration.js';
import { group } from '../../../core/base/option-group.js';
import { duration, wholeSeconds } from '../../../core/base/option-kinds.js';

/** Refresh tokens, and with them the life of a sign-in. */
export interface RefreshOptions {
  /** A sign-in that is not refreshed for so long ends. @defaultValue '14d' */
  readonly idle?: Duration;
  /** A sign-in ends after so long, however often it is refreshed. @defaultValue '30d' */
  readonly absolute?: Duration;
  /**
   * How long after it was replaced a token may still be presented and gets the live one: 0 to 60 seconds by the clock of the store.
   * @defaultValue '10s'
   */
  readonly grace?: Duration;
}

const LIFE = { min: MINUTE_MS, max: 400 * DAY_MS, accepts: 'one minute to 400 days' };

export const refresh = group<RefreshOptions>()({
  summary: 'refresh tokens, and with them the life of a login',
  options: {
    idle: duration({ ...LIFE, default: '14d', summary: 'a login that is not refreshed for so long ends' }),
    absolute: duration({
      ...LIFE,
      default: '30d',
      summary: 'a login ends after so long, however often it is refreshed',
    }),
    grace: duration({
      min: 0,
      max: MINUTE_MS,
      accepts: '0 to 60 seconds',
      default: '10s',
      summary: 'how long after it was replaced a token may still be presented and gets the live one',
    }),
  },
  rules: [
    {
      between: ['idle', 'absolute'],
      broken: ({ idle, absolute }, of) => absolute < idle && `${of('absolute')} must not be shorter than ${of('idle')}`,
    },
  ],
  settings: ({ idle, absolute, grace }) => ({
    idleSeconds: wholeSeconds(idle),
    absoluteSeconds: wholeSeconds(absolute),
    graceMs: grace,
  }),
});
