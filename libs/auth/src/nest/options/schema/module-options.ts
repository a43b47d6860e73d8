// The values of the module: what a factory may answer with. What several groups must agree on is stated here.
import { MINUTE_MS, type Duration } from '../../../core/base/duration.js';
import { limits, type TokenLimits } from '../../../core/base/limits.js';
import { group } from '../../../core/base/option-group.js';
import { callback, duration, flag, oneOf, value } from '../../../core/base/option-kinds.js';
import type { AuthUser, Verified } from '../../../core/base/principal.js';
import type { AuthRequest } from '../../../core/base/request.js';
import { trust } from '../../../core/issuers/trust-list.js';
import type { TrustOptions } from '../../../core/issuers/trust-options.js';
import { algorithms, type Algorithm } from '../../../core/keys/algorithms.js';
import type { KeyRingInput, KeySource } from '../../../core/keys/key-ring.js';
import type { KeyInput } from '../../../core/keys/keys.js';
import { access, type AccessOptions } from './access.js';
import { basic, type BasicOptions } from './basic.js';
import { cookies, type AuthCookieOptions } from './cookies.js';
import { csrf, type CsrfOptions } from './csrf.js';
import { errors, type ErrorResponseOptions } from './errors.js';
import { header, type HeaderOptions } from './header.js';
import { refresh, type RefreshOptions } from './refresh.js';
import { isFreshnessBound, revocation, type RevocationOptions } from './revocation.js';
import { session, type AuthSessionOptions } from './session.js';
import { signIn, type SignInStepOptions } from './sign-in.js';

/** Where users sign in: a path, an address, or a function that says it for a request. */
export type LoginUrl = string | ((request: AuthRequest) => string);

/** Keys to sign with: a ring, one key, or a source that can be asked again. */
export type KeysOption = KeyInput | KeyRingInput | KeySource;

/** The values of the module: what a factory may answer with. */
export interface AuthModuleOptions {
  /** `iss` of the tokens issued here: the https address of the service. Required in production. */
  readonly issuer?: string;
  /** `aud` of the tokens issued and accepted here. Required in production; `false` gives the check up, with a warning. */
  readonly audience?: string | readonly string[] | false;
  /** True if `aud` of the tokens accepted here must be the one `audience`, as a string: no list, not even of one. @defaultValue false */
  readonly exclusiveAudience?: boolean;
  /** Required in production. @defaultValue a key pair made at boot, which ends with the process */
  readonly keys?: KeysOption;
  /** The algorithm of a key that does not say, and of the key made at boot. @defaultValue 'ES256' */
  readonly algorithm?: Algorithm;
  /** Access tokens. */
  readonly access?: AccessOptions;
  /** Refresh tokens, and with them the life of a login. */
  readonly refresh?: RefreshOptions;
  /** Other issuers whose tokens are accepted. @defaultValue [] */
  readonly trust?: readonly TrustOptions[];
  /**
   * How old what is known of a user may be at a request. `every-request` asks the user source each time. `{ withinMs }` (10 to 60,000)
   * remembers active users in this process, at most so long and at most those of 10,000 credentials; `UserChanges.changed()`, the end of a
   * login and a blocked subject forget them at once. `token` asks no source about own access tokens: `tokenUser` makes the user, and that a
   * user was deactivated is seen only when the token expires or is revoked. Sign-in and refresh always ask. Needs `users` or
   * `externalUsers`. @defaultValue 'every-request'
   */
  readonly userFreshness?: 'every-request' | 'token' | { readonly withinMs: number };
  /**
   * Makes `request.user` of a verified token where no source of users is asked: of own tokens without `users` or with
   * `userFreshness: 'token'`, of external ones without `externalUsers`. Called at every guarded request; it must answer at once, with an object. An `AuthError` that it throws is the refusal.
   * A refresh token has registered claims alone. @defaultValue a `TokenUser`: `{ id, issuer }`
   */
  readonly tokenUser?: (verified: Verified) => AuthUser;
  /** Where bearer tokens are found. */
  readonly header?: HeaderOptions;
  /** Tokens in cookies. Off unless this group is given. */
  readonly cookies?: AuthCookieOptions;
  /** CSRF protection of what a browser sends by itself. */
  readonly csrf?: CsrfOptions;
  /** Host sessions beside tokens. Off unless this group is given. */
  readonly session?: AuthSessionOptions;
  /** A user name and a password with every request. Off unless this group is given. */
  readonly basic?: BasicOptions;
  /** Sign-ins in several steps. */
  readonly signIn?: SignInStepOptions;
  /** Where `@RedirectToLogin()` leads. The page that was asked for is added as `next`. @defaultValue '/login' */
  readonly loginUrl?: LoginUrl;
  /** Revocation checks. */
  readonly revocation?: RevocationOptions;
  /**
   * Bounds on what a token may hold, our own or of another issuer, up to the bounds of the library: 65,536 bytes a token. An
   * entry of `trust` may have others. Ids of our own tokens (`jti`, `subject`) can only be made shorter.
   */
  readonly limits?: Partial<TokenLimits>;
  /** How far clocks may differ: 0 to 60 seconds. @defaultValue '5s' */
  readonly clockTolerance?: Duration;
  /** The body of a refusal. */
  readonly errors?: ErrorResponseOptions;
}

/** What development fills in. */
export const DEVELOPMENT = { issuer: 'http://localhost', audience: 'development', algorithm: 'ES256' } as const;

type Audience = NonNullable<AuthModuleOptions['audience']>;

export const moduleOptions = group<AuthModuleOptions>()({
  summary: 'the values of the module',
  options: {
    issuer: value<string>({
      accepts: 'an http(s) address without query or fragment, and without surrounding whitespace',
      holds: isIssuer,
      refused: 'me',
      otherwise: 'required in production',
      summary: '`iss` of the tokens issued here: the https address of the service',
      production: {
        needs: 'the https address of this service, as it stands in every token',
        filledWith: `'${DEVELOPMENT.issuer}'`,
      },
    }),
    audience: value<Audience>({
      accepts: 'a name, a list of names, or false',
      holds: (given: unknown) => given === false || areNames([given].flat()),
      refused: '',
      otherwise: 'required in production',
      summary: '`aud` of the tokens issued and accepted here; `false` gives the check up, with a warning',
      warns: (given) => given === false && 'is false: tokens meant for other services are accepted here.',
      production: {
        needs: 'the name of the service that tokens are meant for',
        filledWith: `'${DEVELOPMENT.audience}'`,
      },
    }),
    exclusiveAudience: flag({ default: false, summary: '`aud` must be the one `audience` as a string, no list' }),
    // What is wrong with a key is said when it is imported, without showing it.
    keys: value<KeysOption>({
      accepts: 'a private key as JWK, PEM or KeyObject, a secret, a key ring, or a key source like keysFromDirectory()',
      holds: (given: unknown) => typeof given === 'string' || typeof given === 'object',
      shows: 'kind',
      refused: 7,
      otherwise: 'a key pair made at boot; required in production',
      summary: 'what tokens are signed with',
      production: {
        needs: 'a private key as JWK or PEM, or a key source like keysFromDirectory()',
        filledWith: 'made now, gone with the process',
      },
    }),
    algorithm: oneOf(algorithms, {
      otherwise: `that of the key; \`'${DEVELOPMENT.algorithm}'\` for the key made at boot`,
      summary: 'the algorithm of a key that does not say',
    }),
    access,
    refresh,
    trust,
    userFreshness: value<NonNullable<AuthModuleOptions['userFreshness']>>({
      accepts: "'every-request', 'token' or { withinMs: 10 to 60000 }",
      holds: (given: unknown) => given === 'every-request' || given === 'token' || isFreshnessBound(given),
      names: ['withinMs'],
      refused: { withinMs: 1 },
      default: 'every-request',
      summary:
        'how old what is known of a user may be: asked each time, remembered for a while, or as the token says: [users and requests](users.md)',
    }),
    tokenUser: callback<NonNullable<AuthModuleOptions['tokenUser']>>({
      accepts: 'a function of what was verified that answers with a user',
      otherwise: 'a `TokenUser`: `{ id, issuer }`',
      summary:
        'makes the user of a token where no source of users is asked: [users without a table](trusted-issuers.md#users-without-a-table)',
    }),
    header,
    cookies,
    csrf,
    session,
    basic,
    signIn,
    loginUrl: value<LoginUrl>({
      accepts: "a path like '/login', an http(s) address, or a function",
      holds: isLoginUrl,
      refused: '//evil.example',
      default: '/login',
      summary: 'where `@RedirectToLogin()` leads; the page that was asked for is added as `next`',
    }),
    revocation,
    limits,
    clockTolerance: duration({
      min: 0,
      max: MINUTE_MS,
      accepts: '0 to 60 seconds',
      default: '5s',
      summary: 'how far clocks may differ',
    }),
    errors,
  },
  rules: [
    {
      between: ['access', 'refresh'],
      broken: ({ access: { ttlSeconds }, refresh: { idleSeconds } }) =>
        idleSeconds < ttlSeconds && 'refresh.idle must not be shorter than access.ttl',
    },
    {
      // A list as `aud` is refused then, so that only one audience can be accepted, and issued.
      between: ['audience', 'exclusiveAudience'],
      broken: ({ audience, exclusiveAudience }) =>
        exclusiveAudience &&
        (audience === false || [audience].flat().length !== 1) &&
        'exclusiveAudience needs one audience',
    },
  ],
});

function isIssuer(text: unknown): boolean {
  if (typeof text !== 'string' || text.trim() !== text || !URL.canParse(text)) return false;
  const { protocol, search, hash, username } = new URL(text);
  return ['http:', 'https:'].includes(protocol) && search + hash + username === '';
}

function areNames(names: readonly unknown[]): boolean {
  return names.length > 0 && names.every((name) => typeof name === 'string' && name !== '' && name.trim() === name);
}

function isLoginUrl(given: unknown): boolean {
  if (typeof given === 'function') return true;
  return typeof given === 'string' && /^(?:\/(?![/\\])|https?:\/\/)[^\s\\]*$/.test(given);
}
