// Makes verified principals and requests for tests of policies, which see nothing else.
import type { AuthRequest, Principal } from 'nestjs-latchkey';

export interface PrincipalParts extends Partial<Omit<Principal, 'subject' | 'claims'>> {
  readonly id?: string;
  readonly claims?: Record<string, unknown>;
}

/** A user of our own issuer without any rights by default. */
export function principalWith({ id = 'user-1', claims = {}, ...parts }: PrincipalParts = {}): Principal {
  return {
    kind: 'user',
    user: undefined,
    subject: { issuer: 'http://localhost', id },
    own: true,
    scheme: 'bearer',
    scopes: [],
    roles: [],
    claims: claims as Principal['claims'],
    jti: undefined,
    sid: undefined,
    authTime: undefined,
    acr: undefined,
    amr: [],
    expiresAt: undefined,
    restricted: false,
    ...parts,
  };
}

/** A request whose path has these parameters. */
export function requestWith(params: Readonly<Record<string, string>> = {}): AuthRequest {
  return {
    method: 'GET',
    headerLines: () => [],
    cookieValues: () => [],
    param: (name) => (Object.hasOwn(params, name) ? params[name] : undefined),
    raw: undefined,
  };
}
