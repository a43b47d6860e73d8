// The URLs of issuer metadata (OpenID Connect Discovery §4, RFC 8414 §3), and the URLs that are not requested.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { externalIssuer, type TrustOptions } from '../../../libs/auth/src/core/issuers/external-issuer.js';
import { metadataAddresses } from '../../../libs/auth/src/core/issuers/key-set-address.js';
import { TokenVerifier } from '../../../libs/auth/src/core/tokens/token-verifier.js';
import * as endpoint from '../../support/key-server.js';
import { publicOf, rsa, tokenWith } from '../support/external-tokens.js';
import { NOW, verdictOf } from '../support/token-forgery.js';
import { ManualClock } from '../../support/clocks.js';

const OIDC = '/.well-known/openid-configuration';
const OAUTH = '/.well-known/oauth-authorization-server';

let server: endpoint.KeyServer;

beforeEach(async () => {
  server = await endpoint.keyServer();
});
afterEach(() => server.stop());

/** Asks a verifier that knows only the issuer, and returns what it requested. */
async function discover(path: string, documents: Readonly<Record<string, object>>, more: object = {}) {
  const issuer = `${server.url}${path}`;
  const metadata = { issuer, jwks_uri: `${server.url}/jwks` };
  const served = Object.entries(documents).map(
    ([at, changes]) => [at, endpoint.serve({ ...metadata, ...changes })] as const,
  );
  server.answer(endpoint.routes({ ...Object.fromEntries(served), '/jwks': endpoint.serve({ keys: [publicOf(rsa)] }) }));
  const options: TrustOptions = {
    issuer,
    audience: 'courses',
    keys: { discovery: true, allowLoopbackHttp: true, ...more },
  };
  const clock = new ManualClock(NOW * 1_000);
  const issuers = [await externalIssuer(options, { clock, toleranceSeconds: 5 })];
  const answer = await verdictOf(new TokenVerifier({ issuers, clock }).verify(tokenWith({ iss: issuer }), 'access'));
  return { answer, asked: server.requests.splice(0) };
}

describe('Discovery of an issuer', () => {
  it('uses the metadata of OpenID Connect if they exist, and requests no others', async () => {
    expect(await discover('', { [OIDC]: {}, [OAUTH]: {} })).toEqual({ answer: 'OK', asked: [OIDC, '/jwks'] });
    expect(await discover('/realm', { [`/realm${OIDC}`]: {} })).toEqual({
      answer: 'OK',
      asked: [`/realm${OIDC}`, '/jwks'],
    });
  });

  it('falls back to the metadata of RFC 8414, before and after the path', async () => {
    expect(await discover('', { [OAUTH]: {} })).toEqual({ answer: 'OK', asked: [OIDC, OAUTH, '/jwks'] });
    expect(await discover('/a/b', { [`${OAUTH}/a/b`]: {} })).toEqual({
      answer: 'OK',
      asked: [`/a/b${OIDC}`, `${OAUTH}/a/b`, '/jwks'],
    });
    expect(await discover('/a', { [`/a${OAUTH}`]: {} })).toEqual({
      answer: 'OK',
      asked: [`/a${OIDC}`, `${OAUTH}/a`, `/a${OAUTH}`, '/jwks'],
    });
  });

  it('continues if an HTML page is served at every URL', async () => {
    server.answer((socket, path) =>
      (path === OAUTH
        ? endpoint.serve({ issuer: server.url, jwks_uri: `${server.url}/jwks` })
        : path === '/jwks'
          ? endpoint.serve({ keys: [publicOf(rsa)] })
          : endpoint.serve('<html>Welcome</html>'))(socket, path),
    );
    const clock = new ManualClock(NOW * 1_000);
    const keys = { discovery: true as const, allowLoopbackHttp: true };
    const options = { issuer: server.url, audience: 'courses', keys };
    const issuers = [await externalIssuer(options, { clock, toleranceSeconds: 5 })];
    const token = tokenWith({ iss: server.url });
    expect(await verdictOf(new TokenVerifier({ issuers, clock }).verify(token, 'access'))).toBe('OK');
  });

  it('rejects metadata of another issuer, and stops looking', async () => {
    expect(await discover('', { [OIDC]: { issuer: 'https://evil.example' }, [OAUTH]: {} })).toEqual({
      answer: 'keys_unavailable',
      asked: [OIDC],
    });
    expect(await discover('', { [OAUTH]: { issuer: 'https://evil.example' } })).toEqual({
      answer: 'keys_unavailable',
      asked: [OIDC, OAUTH],
    });
  });

  it('asks an issuer that is down once, and not at every URL', async () => {
    const issuer = `${server.url}/a`;
    server.answer(endpoint.refuse(503));
    const clock = new ManualClock(NOW * 1_000);
    const keys = { discovery: true as const, allowLoopbackHttp: true };
    const issuers = [await externalIssuer({ issuer, audience: 'courses', keys }, { clock, toleranceSeconds: 5 })];
    const verifier = new TokenVerifier({ issuers, clock });
    expect(await verdictOf(verifier.verify(tokenWith({ iss: issuer }), 'access'))).toBe('keys_unavailable');
    expect(server.requests).toEqual([`/a${OIDC}`]);
  });

  it('uses only the URL that is given, and accepts the access token issuer that AD FS states there', async () => {
    const at = { metadataUri: `${server.url}/adfs${OIDC}` };
    const own = { issuer: `${server.url}/adfs`, access_token_issuer: `${server.url}/adfs/services/trust` };
    const document = { [`/adfs${OIDC}`]: own };
    expect(await discover('/adfs/services/trust', document, at)).toEqual({
      answer: 'OK',
      asked: [`/adfs${OIDC}`, '/jwks'],
    });
    expect((await discover('/adfs/other', document, at)).answer).toBe('keys_unavailable');
    const elsewhere = { [`/adfs/services/trust${OIDC}`]: own };
    expect((await discover('/adfs/services/trust', elsewhere)).answer).toBe('keys_unavailable');
  });

  it('derives the URLs of each form of issuer', () => {
    expect(metadataAddresses('https://a.example/')).toEqual([`https://a.example${OIDC}`, `https://a.example${OAUTH}`]);
    expect(metadataAddresses('https://a.example:8443/x/')).toEqual([
      `https://a.example:8443/x${OIDC}`,
      `https://a.example:8443${OAUTH}/x`,
      `https://a.example:8443/x${OAUTH}`,
    ]);
    expect(metadataAddresses('accounts')).toEqual([`accounts${OIDC}`]);
  });
});
