// What a refused client costs, counted, and which ids never reach the source.
import { beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import * as crypto from 'node:crypto';
import type { ClientAuthentication } from '../../../libs/auth/src/core/clients/client-authentication.js';
import type { ClientDescription } from '../../../libs/auth/src/core/clients/client-source.js';

let [hashed, compared] = [0, 0];
const counted = {
  ...crypto,
  createHash: (...given: Parameters<typeof crypto.createHash>) => {
    hashed += 1;
    return crypto.createHash(...given);
  },
  timingSafeEqual: (...given: Parameters<typeof crypto.timingSafeEqual>) => {
    compared += 1;
    return crypto.timingSafeEqual(...given);
  },
};

const registered = new Map<string, ClientDescription>();
let asked: string[] = [];
let clients: ClientAuthentication;
let made: { readonly secret: string; readonly hash: string };

beforeAll(async () => {
  jest.resetModules();
  jest.unstable_mockModule('node:crypto', () => ({ ...counted, default: counted }));
  const secrets = await import('../../../libs/auth/src/core/clients/client-secrets.js');
  const { ClientAuthentication: Made } = await import('../../../libs/auth/src/core/clients/client-authentication.js');
  made = secrets.newClientSecret();
  const source = {
    findClient(id: string) {
      asked.push(id);
      return Promise.resolve(registered.get(id));
    },
  };
  clients = new Made(source, ['client_secret_basic', 'client_secret_post'], undefined);
});

beforeEach(() => {
  asked = [];
  registered.clear();
});

/** The code of the refusal, and how many hashes and comparisons it took. */
async function refusal(clientId: string, secret: string): Promise<readonly [string, number, number]> {
  [hashed, compared] = [0, 0];
  const answer: unknown = await clients
    .authenticate({ method: 'client_secret_post', clientId, secret })
    .catch((error: unknown) => error);
  return [(answer as { code?: string }).code ?? 'none', hashed, compared];
}

describe('a secret of a client', () => {
  it('costs one hash and one comparison, whether the client is known, has a secret, and is active, or not', async () => {
    registered.set('known', { id: 'known', active: true, secretHashes: made.hash });
    registered.set('without', { id: 'without', active: true });
    registered.set('inactive', { id: 'inactive', active: false, secretHashes: made.hash });
    const same = ['invalid_client', 1, 1];
    expect(await refusal('known', 'wrong')).toEqual(same);
    expect(await refusal('unknown', 'wrong')).toEqual(same);
    expect(await refusal('without', 'wrong')).toEqual(same);
    expect(await refusal('inactive', made.secret)).toEqual(same);
    expect(await refusal('known', made.secret)).toEqual(['none', 1, 1]);
  });
});

describe('the id of a client', () => {
  // A brace would be a place for a tenant in the name of an issuer, which is what a client is to its assertions.
  it.each(['a{tenantid}', '{', 'a}b', '', ' a', 'a ', 'ä', 'a\u0000b', 'a\nb', 'a'.repeat(256)])(
    'does not reach the source if it is %j, even if there is such a client',
    async (id) => {
      registered.set(id, { id, active: true, secretHashes: made.hash });
      expect((await refusal(id, made.secret))[0]).toBe('invalid_client');
      expect(asked).toEqual([]);
    },
  );

  it.each(['a b', 'a:b', 'urn:x', 'https://client.example/', "o'hara", 'a"b', 'a\\b', 'a%7Bb', '$$', 'a'.repeat(255)])(
    'may be %j',
    async (id) => {
      registered.set(id, { id, active: true, secretHashes: made.hash });
      expect((await refusal(id, made.secret))[0]).toBe('none');
      expect(asked).toEqual([id]);
    },
  );
});
