// A look-alike of an Open edX LMS as the services beside it see it, on a port of its own: a key set and tokens of the shape that
// `create_jwt` of edx-platform gives them, whole or in its two cookies. It signs by node:crypto alone.
//
//   const lms = await startLms();
//   trust: [openEdx(lms.trust)]
//   headers: { authorization: `JWT ${lms.token('ada')}` }          // or { cookie: lms.cookie(lms.token('ada', { scopes: [...] })) }
//   await lms.close();
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JWK } from 'jose';

/** The names of its cookies: the settings `JWT_AUTH_COOKIE_HEADER_PAYLOAD` and `JWT_AUTH_COOKIE_SIGNATURE`. */
export const LMS_COOKIES = {
  payload: 'edx-jwt-cookie-header-payload',
  signature: 'edx-jwt-cookie-signature',
} as const;

/** The setting `JWT_AUDIENCE`. */
export const LMS_AUDIENCE = 'openedx';

/** What one token says, besides what all of them say. */
export interface LmsTokenOptions {
  /** @defaultValue ['email', 'profile'] */
  readonly scopes?: readonly string[];
  /** True for a restricted application. @defaultValue false */
  readonly restricted?: boolean;
  /** @defaultValue [] */
  readonly filters?: readonly string[];
  /** How the token was obtained. @defaultValue 'password' */
  readonly grantType?: string;
  /** Seconds from now; negative for one that is expired. @defaultValue 3600 */
  readonly expiresIn?: number;
  /** Other claims, and `undefined` for one that is left out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Members of the header besides `alg` and `typ`: a `kid`, which an LMS writes only behind `JWT_AUTH_ADD_KID_HEADER`. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** The kid of the key that signs, out of those that were made. @defaultValue the newest */
  readonly by?: string;
}

/** An LMS that runs. */
export interface Lms {
  /** Its `iss`: the setting `JWT_ISSUER`. */
  readonly issuer: string;
  readonly jwksUri: string;
  /** Where it says whose an opaque token is: the setting `OAUTH2_USER_INFO_URL` of the services. */
  readonly userInfo: string;
  /** What `openEdx()` is given: issuer, audience, keys by address. */
  readonly trust: {
    readonly issuer: string;
    readonly audience: string;
    readonly keys: { readonly jwksUri: string; readonly allowLoopbackHttp: true };
  };
  /** How often the key set was asked for. */
  readonly asked: () => number;
  /** What is published now. */
  readonly jwks: () => { readonly keys: readonly JWK[] };
  /** The `sub` of a user: the anonymous id of `anonymous_id_for_user`, 32 hexadecimal digits. */
  subject(username: string): string;
  /** A token of a user, signed with RS512. */
  token(username: string, options?: LmsTokenOptions): string;
  /** An opaque token of a user, for the scheme `BearerAuthentication`. */
  opaqueToken(username: string): string;
  /** What the user-info endpoint does from now on: answers, is broken, or never answers. */
  answerUserInfo(how: 'well' | 'with 500' | 'never'): void;
  /** A token as the Cookie header of a browser that signed in there. */
  cookie(token: string): string;
  /** Makes a new key, which signs from now on; the key set holds the new and the old ones. Returns its kid. */
  rotate(): string;
  /** Takes a key out of the key set. */
  withdraw(kid: string): void;
  close(): Promise<void>;
}

interface LmsKey {
  readonly kid: string;
  readonly key: KeyObject;
}

/**
 * Starts it on a free port of the loopback.
 *
 * @param now the time in seconds that its tokens are issued at; by the clock of the machine if absent
 */
export async function startLms(now: () => number = () => Math.floor(Date.now() / 1_000)): Promise<Lms> {
  let made = 0;
  const newKey = (): LmsKey => ({ kid: `lms-${(made += 1)}`, key: makeKey() });
  const all = [newKey()];
  let published = [...all];
  let asked = 0;
  const jwks = () => ({ keys: published.map(publicJwk) });
  const userInfo = new UserInfo();
  const server = createServer((request, response) => {
    if (request.url === '/oauth2/user_info') return userInfo.answer(request, response);
    const isKeySet = request.url === '/auth/jwks.json';
    if (isKeySet) asked += 1;
    send(response, isKeySet ? 200 : 404, isKeySet ? jwks() : { error: 'not found' });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = `${url}/oauth2`;
  const jwksUri = `${url}/auth/jwks.json`;
  return {
    issuer,
    jwksUri,
    userInfo: `${url}/oauth2/user_info`,
    trust: { issuer, audience: LMS_AUDIENCE, keys: { jwksUri, allowLoopbackHttp: true } },
    asked: () => asked,
    jwks,
    subject,
    token: (username, options = {}) => {
      const signing = options.by === undefined ? all.at(-1) : all.find(({ kid }) => kid === options.by);
      if (signing === undefined) throw new Error(`The look-alike has no key ${String(options.by)}.`);
      return signed(signing.key, options.header ?? {}, claimsOf(issuer, username, now(), options));
    },
    opaqueToken: (username) => userInfo.tokenOf(username),
    answerUserInfo: (how) => {
      userInfo.how = how;
    },
    cookie: (token) => {
      const dot = token.lastIndexOf('.');
      return `${LMS_COOKIES.payload}=${token.slice(0, dot)}; ${LMS_COOKIES.signature}=${token.slice(dot + 1)}`;
    },
    rotate: () => {
      const next = newKey();
      all.push(next);
      published.push(next);
      return next.kid;
    },
    withdraw: (kid) => {
      published = published.filter((key) => key.kid !== kid);
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** Says whose an opaque token is. */
class UserInfo {
  how: 'well' | 'with 500' | 'never' = 'well';
  private readonly usernames = new Map<string, string>();

  tokenOf(username: string): string {
    const token = randomBytes(15).toString('base64url');
    this.usernames.set(`Bearer ${token}`, username);
    return token;
  }

  answer({ headers }: IncomingMessage, response: ServerResponse): void {
    if (this.how === 'never') return;
    if (this.how === 'with 500') return send(response, 500, { error: 'server_error' });
    const username = this.usernames.get(headers.authorization ?? '');
    if (username === undefined) return send(response, 401, { error: 'invalid_token' });
    const email = `${username}@example.com`;
    send(response, 200, { sub: subject(username), preferred_username: username, name: username, email });
  }
}

function makeKey(): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
}

/** As the setting `JWT_PUBLIC_SIGNING_JWK_SET` has it: no `alg` and no `use`. */
function publicJwk({ kid, key }: LmsKey): JWK {
  const { n, e } = key.export({ format: 'jwk' });
  return { kty: 'RSA', kid, n: String(n), e: String(e) };
}

function subject(username: string): string {
  return Buffer.from(username).toString('hex').padEnd(32, '0').slice(0, 32);
}

function claimsOf(issuer: string, username: string, now: number, options: LmsTokenOptions): object {
  const { scopes = ['email', 'profile'], filters = [], restricted = false } = options;
  const { grantType = 'password', expiresIn = 3_600, claims = {} } = options;
  return {
    aud: LMS_AUDIENCE,
    exp: now + expiresIn,
    grant_type: grantType,
    // One that is expired was issued before that.
    iat: expiresIn > 0 ? now : now + expiresIn - 3_600,
    iss: issuer,
    preferred_username: username,
    scopes,
    version: '1.2.0',
    sub: subject(username),
    filters,
    is_restricted: restricted,
    email_verified: true,
    ...(scopes.includes('email') && { email: `${username}@example.com` }),
    ...(scopes.includes('profile') && {
      name: username,
      family_name: '',
      given_name: username,
      administrator: false,
      superuser: false,
    }),
    ...(scopes.includes('user_id') && { user_id: username.length }),
    ...claims,
  };
}

function signed(key: KeyObject, header: object, claims: object): string {
  const part = (given: object): string => Buffer.from(JSON.stringify(given)).toString('base64url');
  const input = `${part({ typ: 'JWT', alg: 'RS512', ...header })}.${part(claims)}`;
  return `${input}.${sign('sha512', Buffer.from(input), key).toString('base64url')}`;
}
