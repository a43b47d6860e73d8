// The options after they were checked: complete, frozen, in the units that the code uses.
import type { AnyOption } from '../../core/base/option.js';
import type { CookieSettings } from '../../core/browser/cookies.js';
import type { AuthenticationSettings } from '../../core/composition/authentication-settings.js';
import type { moduleOptions } from './schema/module-options.js';

/** What an option becomes. */
type SettingOf<Declared> = Declared extends AnyOption<infer Setting> ? Setting : never;

/** The settings that are what one option becomes, and that the core has no use for. */
type OfNest = Pick<SettingOf<typeof moduleOptions>, 'header' | 'loginUrl' | 'errors'>;

/** Everything the module was asked for, with defaults filled in: what the core is assembled from, and what NestJS alone needs. */
export interface AuthSettings extends AuthenticationSettings, OfNest {
  readonly production: boolean;
  /** `undefined` if no tokens travel in cookies. */
  readonly cookies: CookieSettings | undefined;
  /** True if the application says itself which path the refresh cookie is limited to. */
  readonly refreshPathGiven: boolean;
  /** What the log should say loudly at boot. */
  readonly warnings: readonly string[];
}
