// The options after they were checked: complete, frozen, in the units that the code uses.
import type { CookieSettings, CookieSpecs } from '../../core/browser/cookies.js';
import type { TokenSettings } from '../../core/issuing/token-settings.js';
import type { AnyOption } from '../../core/base/option.js';
import type { csrf } from './schema/csrf.js';
import type { moduleOptions } from './schema/module-options.js';
import type { session } from './schema/session.js';

/** What an option becomes. */
type SettingOf<Declared> = Declared extends AnyOption<infer Setting> ? Setting : never;

/** What the options of the module become, by their names. */
type Stated = SettingOf<typeof moduleOptions>;

/** The settings that are what one option becomes. */
type OfOneOption = Pick<
  Stated,
  'exclusiveAudience' | 'keys' | 'algorithm' | 'trust' | 'header' | 'loginUrl' | 'revocation' | 'limits' | 'errors'
>;

/** Everything the module was asked for, with defaults filled in. */
export interface AuthSettings extends OfOneOption {
  readonly production: boolean;
  /** True if this service issues tokens of its own; a service that only verifies has no keys. */
  readonly issuing: boolean;
  readonly tokens: TokenSettings;
  /** True if the audience of own tokens is not checked. */
  readonly anyAudience: boolean;
  readonly toleranceSeconds: number;
  /** `undefined` if no tokens travel in cookies. */
  readonly cookies: CookieSettings | undefined;
  /** There is a CSRF cookie also for sessions alone, so there is always something here. */
  readonly cookieSpecs: CookieSpecs;
  /** True if the application says itself which path the refresh cookie is limited to. */
  readonly refreshPathGiven: boolean;
  readonly csrf: SettingOf<typeof csrf> & {
    /** With its prefix. */
    readonly cookieName: string;
  };
  readonly session: NonNullable<SettingOf<typeof session>> & {
    /** False if the group was not given. */
    readonly enabled: boolean;
  };
  /** What the log should say loudly at boot. */
  readonly warnings: readonly string[];
}
