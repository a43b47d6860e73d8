// The answer about a token (RFC 7662): the same check as a guarded request, and nothing at all about one that is not live.
import type { LoginStore } from '../stores.js';
import { AuthError, type Principal, type TokenService } from '../index.js';

/** What is known of a live token (RFC 7662 §2.2), or that it is not live. */
export type Introspection =
  { readonly active: false } | ({ readonly active: true } & Readonly<Record<string, unknown>>);

/** Who is asked. */
export interface IntrospectionParts {
  readonly tokens: TokenService;
  readonly logins: LoginStore;
}

const NOT_LIVE = Object.freeze({ active: false });
/** RFC 7662 §2.2 and RFC 9470 §6.2, and the sign-in that a token belongs to. */
const STATED = [
  ...(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'scope', 'client_id'] as const),
  ...(['auth_time', 'acr', 'amr', 'sid'] as const),
];

/**
 * What a token of this issuer represents.
 * @throws {AuthError} the 503 codes, if unknown
 */
export async function introspect(token: string, parts: IntrospectionParts): Promise<Introspection> {
  try {
    return stated(await parts.tokens.verify(token, { kind: 'access', anyAudience: true }), 'Bearer');
  } catch (error) {
    if (!(error instanceof AuthError) || error.isUnavailable) throw error;
    return error.code === 'wrong_token_type' ? introspectRefresh(token, parts) : NOT_LIVE;
  }
}

/** A refresh token is live while it is the last one of its sign-in; one that was replaced is not, also within the grace. */
async function introspectRefresh(token: string, parts: IntrospectionParts): Promise<Introspection> {
  try {
    const principal = await parts.tokens.verify(token, { kind: 'refresh' });
    const { subject, sid = '', jti } = principal;
    const login = await parts.logins.find(subject.issuer, sid);
    return login?.currentJti === jti ? stated(principal, 'refresh_token') : NOT_LIVE;
  } catch (error) {
    if (!(error instanceof AuthError) || error.isUnavailable) throw error;
    return NOT_LIVE;
  }
}

/** Registered claims only: what else a token says is between its issuer and whom it was made for. Others answer for theirs. */
function stated({ claims, own }: Principal, tokenType: string): Introspection {
  if (!own) return NOT_LIVE;
  const named = STATED.filter((name) => claims[name] !== undefined).map((name) => [name, claims[name]] as const);
  return { active: true, token_type: tokenType, ...Object.fromEntries(named) };
}
