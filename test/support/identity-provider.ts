// A real OpenID Connect provider (npm oidc-provider) on the loopback interface, at which the user signs in without a page: as the account that
// the test names. And a browser that goes there and comes back.
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider, type Configuration } from 'oidc-provider';
import { freePort } from './database-server.js';

/** What the provider answers about the next user. */
export interface Visitor {
  /** The `sub`; `undefined` for a user who declines. */
  account: string | undefined;
  email: string;
  amr: readonly string[];
  acr: string;
}

export interface IdentityProvider {
  readonly issuer: string;
  readonly client: { readonly id: string; readonly secret: string };
  readonly visitor: Visitor;
  /** Goes to the provider as a browser does, signs in there, and returns the address that it redirects back to. */
  visit(authorizationUrl: string): Promise<URL>;
  close(): Promise<void>;
}

const SECRET = 'a client secret that only this test has';

/** @param redirectUris the callbacks of the application */
export async function startIdentityProvider(redirectUris: readonly string[]): Promise<IdentityProvider> {
  const port = await freePort();
  const issuer = `http://localhost:${port}`;
  const visitor: Visitor = { account: 'subject-1', email: 'ada@example.com', amr: ['pwd', 'hwk'], acr: 'gold' };
  const provider = new Provider(issuer, await configurationOf(redirectUris, visitor));
  const answer = provider.callback() as RequestListener;
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/interaction/')) void interact(provider, visitor, request, response);
    else answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(port, 'localhost', resolve));
  return {
    issuer,
    client: { id: 'accounts', secret: SECRET },
    visitor,
    visit: (url) => visit(url, issuer),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

async function configurationOf(redirectUris: readonly string[], visitor: Visitor): Promise<Configuration> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const key = { ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig' };
  return {
    jwks: { keys: [key] } as never,
    clients: [
      {
        client_id: 'accounts',
        client_secret: SECRET,
        redirect_uris: [...redirectUris],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    cookies: { keys: ['a key that only this test has'] },
    features: { devInteractions: { enabled: false } },
    claims: { openid: ['sub', 'acr', 'amr', 'auth_time'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, accountId) => ({
      accountId,
      claims: () => ({ sub: accountId, email: visitor.email, email_verified: true }),
    }),
    // The user was asked when they made the account.
    loadExistingGrant: async ({ oidc }) => {
      const { client, session } = oidc;
      const grant = new oidc.provider.Grant({ clientId: client?.clientId ?? '', accountId: session?.accountId ?? '' });
      grant.addOIDCScope('openid email');
      await grant.save();
      return grant;
    },
  };
}

async function interact(
  provider: Provider,
  { account, acr, amr }: Visitor,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const result =
    account === undefined
      ? { error: 'access_denied', error_description: 'The user said no.' }
      : { login: { accountId: account, acr, amr: [...amr] } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

/** Each visit is that of a new browser, without a session at the provider. */
async function visit(authorizationUrl: string, issuer: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = new URL(authorizationUrl);
  while (url.origin === issuer) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    const location = answer.headers.get('location');
    if (location === null) throw new Error(`The provider answered ${answer.status}: ${await answer.text()}`);
    url = new URL(location, url);
  }
  return url;
}
