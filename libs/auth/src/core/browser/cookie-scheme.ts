// The `cookie` scheme: an access token in one cookie, or in two halves. A bad one is forgiven unless configured otherwise, because a
// browser keeps sending it and a session may still answer; its unverified subject is only ever used to refuse a
// request.
import type { CookieSpec, CookieSpecs, ExternalCookie } from './cookies.js';
import { AuthError } from '../base/errors.js';
import { publish } from '../base/events.js';
import type { AuthRequest } from '../base/request.js';
import { defineScheme, type CsrfPolicy, type Scheme } from '../schemes/schemes.js';
import type { TokenVerifier } from '../tokens/token-verifier.js';

/** What the scheme is made from. */
export interface CookieSchemeParts {
  readonly specs: CookieSpecs;
  /** A cookie of another party, which is only read. */
  readonly external?: ExternalCookie | undefined;
  readonly forgiving: boolean;
  readonly verifier: Pick<TokenVerifier, 'verifierOf' | 'claimedSubject' | 'lapsed'>;
  readonly csrf: CsrfPolicy;
}

/** The scheme that finds access tokens in cookies. */
export function cookieScheme({ specs, external, forgiving, verifier, csrf }: CookieSchemeParts): Scheme {
  return defineScheme<string>({
    name: 'cookie',
    sentBy: 'browser',
    onFailure: forgiving ? 'forgive' : 'stop',
    find: (request) => findAccessToken(request, specs) ?? findExternal(request, external),
    verify: verifier.verifierOf('access'),
    claimedSubject: (token) => verifier.claimedSubject(token),
    lapsed: (token) => verifier.lapsed(token),
    csrf,
  });
}

/**
 * The access token that the cookies of a request carry.
 * @throws {AuthError} `ambiguous_credentials` for a cookie that is there twice; `token_malformed` for halves that make no token, and
 * in split mode for a whole one, which scripts could have put there
 */
export function findAccessToken(request: AuthRequest, specs: CookieSpecs): string | undefined {
  const whole = singleCookie(request, specs.access);
  if (specs.mode === 'single') return whole;
  const joined = findHalves(request, { payload: specs.payload.name, signature: specs.signature.name });
  if (joined === undefined && whole !== undefined) throw new AuthError('token_malformed');
  return joined;
}

/** @throws {AuthError} `ambiguous_credentials`; `token_malformed` for halves that make no token */
function findExternal(request: AuthRequest, external: ExternalCookie | undefined): string | undefined {
  if (external === undefined) return undefined;
  return typeof external === 'string' ? singleCookie(request, { name: external }) : findHalves(request, external);
}

/** The token of two cookies. One without the other is none, and is reported: an attribute of one of them must be wrong. */
function findHalves(request: AuthRequest, names: Exclude<ExternalCookie, string>): string | undefined {
  const payload = singleCookie(request, { name: names.payload });
  const signature = singleCookie(request, { name: names.signature });
  if (payload !== undefined && signature !== undefined) return joinHalves(payload, signature);
  if (payload !== undefined || signature !== undefined)
    publish({ type: 'cookie_half_missing', name: payload === undefined ? names.payload : names.signature });
  return undefined;
}

/**
 * The one value of a cookie. An empty one counts as none.
 * @throws {AuthError} `ambiguous_credentials`
 */
export function singleCookie(request: AuthRequest, spec: Pick<CookieSpec, 'name'>): string | undefined {
  const [value, ...others] = request.cookieValues(spec.name);
  if (others.length > 0) throw new AuthError('ambiguous_credentials');
  return value === '' ? undefined : value;
}

/** Exactly one dot in the first half and none in the second, or two halves could be made into several tokens. */
function joinHalves(payload: string, signature: string): string {
  const dots = payload.split('.').length - 1;
  if (dots !== 1 || signature.includes('.')) throw new AuthError('token_malformed');
  return `${payload}.${signature}`;
}
