// The settings of the core: the options after their check, complete, in the units that the code uses.
import type { MismatchRule } from '../authentication/session-mismatch.js';
import type { TokenLimits } from '../base/limits.js';
import type { CookieSettings, CookieSpecs } from '../browser/cookies.js';
import type { CsrfSettings } from '../browser/csrf.js';
import type { TrustOptions } from '../issuers/trust-options.js';
import type { TokenSettings } from '../issuing/token-settings.js';
import type { StepSettings } from '../sign-in/continuations.js';
import type { TokenUserMaker, UserFreshness } from '../users/accounts.js';
import type { KeyRingInput, KeySource } from '../keys/key-ring.js';
import type { Algorithm, KeyInput } from '../keys/keys.js';

/** Everything that the core is assembled from, besides its ports. */
export interface AuthenticationSettings {
  /** True if this service issues tokens of its own; a service that only verifies has no keys. */
  readonly issuing: boolean;
  readonly tokens: TokenSettings;
  /** True if the audience of own tokens is not checked. */
  readonly anyAudience: boolean;
  /** True if a list is not accepted as `aud`. */
  readonly exclusiveAudience: boolean;
  /** `undefined` asks for a key pair that ends with the process. */
  readonly keys: KeyInput | KeyRingInput | KeySource | undefined;
  /** The algorithm of keys that do not say it. */
  readonly algorithm: Algorithm | undefined;
  /** Other issuers whose tokens are accepted: the entries as given, which are right. `externalIssuer()` fills in their defaults. */
  readonly trust: readonly TrustOptions[];
  readonly limits: Partial<TokenLimits>;
  readonly toleranceSeconds: number;
  /** How old what is known of a user may be at a request. @defaultValue 'every-request' */
  readonly userFreshness?: UserFreshness | undefined;
  /** Makes the user where no source is asked. @defaultValue the user is what the token says of them */
  readonly tokenUser?: TokenUserMaker | undefined;
  /** `undefined` if no tokens travel in cookies. */
  readonly cookies: Pick<CookieSettings, 'external' | 'forgiving'> | undefined;
  readonly cookieSpecs: CookieSpecs;
  readonly csrf: CsrfSettings & {
    /** `undefined` asks for one that is derived from the signing keys. */
    readonly secret: string | undefined;
  };
  /** Sign-ins in several steps. */
  readonly signIn: StepSettings;
  /** Passwords in the header of every request. @defaultValue off */
  readonly basic?: { readonly challenge: boolean } | undefined;
  readonly session: { readonly mismatch: MismatchRule; readonly enabled: boolean };
  readonly revocation: RevocationSettings;
}

/** How the blocklist is asked, and how it is looked after. */
export interface RevocationSettings {
  readonly freshness: 'every-request' | { readonly withinMs: number };
  readonly onStoreError: 'refuse' | 'allow';
  /** How long one call to a store may take. */
  readonly timeoutMs: number;
  /** `undefined` if nothing is pruned by itself. */
  readonly pruneEveryMs: number | undefined;
}
