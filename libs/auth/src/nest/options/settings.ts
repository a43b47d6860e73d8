// The options after they were judged: complete, frozen, in the units that the code uses.
import type { Algorithm } from '../../core/keys/keys.js';
import type { SchemeDescription } from '../../core/schemes/scheme-description.js';
import type { TokenLimits } from '../../core/base/limits.js';
import type { TokenSettings } from '../../core/issuing/token-settings.js';
import type { AuthModuleOptions, KeysOption, TokenExtractor } from './auth.options.js';
import type { RefusalBodyMaker } from './refusal-bodies.js';
import type { BrowserSettings } from './option-browser.js';

/** Everything the module was asked for, with defaults filled in. */
export interface AuthSettings extends BrowserSettings {
  readonly production: boolean;
  /** True where this service issues tokens of its own; a service that only verifies has no keys. */
  readonly issuing: boolean;
  readonly tokens: TokenSettings;
  /** True where the audience of own tokens is not checked. */
  readonly anyAudience: boolean;
  /** `undefined` asks for a key pair made at boot. */
  readonly keys: KeysOption | undefined;
  /** The algorithm that was asked for; `undefined` leaves it to the key. */
  readonly algorithm: Algorithm | undefined;
  readonly trust: NonNullable<AuthModuleOptions['trust']>;
  readonly header: {
    readonly name: string;
    readonly schemes: readonly string[];
    readonly sentBy: 'client' | 'browser';
    readonly extractor: TokenExtractor | undefined;
    readonly openapi: SchemeDescription | undefined;
  };
  readonly revocation: {
    readonly freshness: 'every-request' | { readonly withinMs: number };
    readonly onStoreError: 'refuse' | 'allow';
    readonly timeoutMs: number;
    /** `undefined` where nothing is pruned by itself. */
    readonly pruneEveryMs: number | undefined;
  };
  readonly limits: Partial<TokenLimits>;
  /** True if a list is no audience. */
  readonly exclusiveAudience: boolean;
  readonly toleranceSeconds: number;
  readonly errors: {
    readonly format: 'nest' | 'problem';
    readonly body: RefusalBodyMaker | undefined;
    readonly unreadableBodies: 'ready-made' | 'all';
    readonly realm: string;
  };
  /** What the log should say loudly at boot. */
  readonly warnings: readonly string[];
}
