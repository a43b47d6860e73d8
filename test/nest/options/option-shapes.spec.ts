// An unknown option or an invalid value is a boot error that names it, at every depth.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AuthConfigurationError, AuthModule, memoryStores, UserSource } from 'nestjs-latchkey';
import { tokenController } from 'nestjs-latchkey/controllers';
import { KeySource, keysFromDirectory } from 'nestjs-latchkey/keys';
import { startApplication } from '../../support/applications.js';

/** The problems of the boot error; empty if the application starts. */
async function problemsOf(options: object): Promise<readonly string[]> {
  try {
    // What an untyped caller, or an environment variable, may hand over.
    const running = await startApplication('express', { imports: [AuthModule.forRoot(options as never)] });
    await running.close();
    return [];
  } catch (error) {
    if (error instanceof AuthConfigurationError) return error.problems;
    throw error;
  }
}

const environment = process.env['NODE_ENV'];
afterEach(() => {
  process.env['NODE_ENV'] = environment;
});

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const secret = randomBytes(48).toString('base64');
const sink = { inject: [], useFactory: () => ({ append: () => Promise.resolve() }) };

describe('an unknown option', () => {
  it.each<[string, object, string]>([
    ['of the ring', { keys: { current: ec, retierd: [] } }, 'keys.retierd is not an option; did you mean retired?'],
    [
      'of the ring, that every key needs',
      { keys: { curent: ec } },
      'keys.curent is not an option; did you mean current?',
    ],
    [
      'of a retired key',
      { keys: { current: ec, retired: [{ key: ec, untill: 1 }] } },
      'keys.retired[0].untill is not an option; did you mean until?',
    ],
    ['of access', { access: { tll: 1 } }, 'access.tll is not an option; did you mean ttl?'],
    ['of refresh', { refresh: { idel: '1d' } }, 'refresh.idel is not an option; did you mean idle?'],
    ['of header', { header: { scheme: ['Bearer'] } }, 'header.scheme is not an option; did you mean schemes?'],
    ['of cookies', { cookies: { samesite: 'lax' } }, 'cookies.samesite is not an option; did you mean sameSite?'],
    [
      'of the names of cookies',
      { cookies: { names: { acess: 'a' } } },
      'cookies.names.acess is not an option; did you mean access?',
    ],
    ['of csrf', { csrf: { trustedOrigin: [] } }, 'csrf.trustedOrigin is not an option; did you mean trustedOrigins?'],
    ['of session', { session: { missmatch: 'reject' } }, 'session.missmatch is not an option; did you mean mismatch?'],
    ['of revocation', { revocation: { timeot: 1 } }, 'revocation.timeot is not an option; did you mean timeout?'],
    [
      'of freshness',
      { revocation: { freshness: { withinMS: 1_000 } } },
      'revocation.freshness.withinMS is not an option; did you mean withinMs?',
    ],
    ['of errors', { errors: { relm: 'x' } }, 'errors.relm is not an option; did you mean realm?'],
    ['of limits', { limits: { tokens: 1 } }, 'limits.tokens is not a limit'],
    ['of audit', { audit: { sink, requierd: true } }, 'audit.requierd is not an option; did you mean required?'],
    [
      'of a named route',
      { routes: [{ controller: class Health {}, publik: true, reason: 'r' }] },
      'routes[0].publik is not an option; did you mean public?',
    ],
    [
      'of trust',
      {
        trust: [
          { issuer: 'https://a.example', audience: 'b', keys: { jwksUri: 'https://a.example/k' }, algoritms: [] },
        ],
      },
      'did you mean algorithms?',
    ],
    [
      'of the keys of trust',
      { trust: [{ issuer: 'https://a.example', audience: 'b', keys: { jwksUri: 'https://a.example/k', maxAges: 1 } }] },
      'did you mean maxAge?',
    ],
  ])('is refused with the nearest known one: %s', async (_, options, problem) => {
    expect((await problemsOf(options)).join('\n')).toContain(problem);
  });

  it('is refused in a ring that a source returns', async () => {
    class Vault extends KeySource {
      override load() {
        return Promise.resolve({ current: ec, compromized: ['k-1'] } as never);
      }
    }
    expect(await problemsOf({ keys: new Vault() })).toEqual([
      'keys.compromized is not an option; did you mean compromised?',
    ]);
  });

  it.each<[unknown]>([['tomorrow'], [Number.NaN], [1_800_000_000_000], [new Date(0)]])(
    'is refused, and an invalid time keeps no key: until %p',
    async (until) => {
      expect((await problemsOf({ keys: { current: ec, retired: [{ key: rsa, until }] } })).join()).toContain(
        'keys.retired[0].until is not a number of seconds since 1970',
      );
    },
  );
});

describe('a flag', () => {
  const flags: readonly (readonly [string, (value: unknown) => object])[] = [
    ['isGlobal', (value) => ({ isGlobal: value })],
    ['strictRoutes', (value) => ({ strictRoutes: value })],
    ['auditRoutes', (value) => ({ auditRoutes: value })],
    ['audit.required', (required) => ({ audit: { sink, required } })],
    ['exclusiveAudience', (exclusiveAudience) => ({ audience: 'a', exclusiveAudience })],
    ['cookies.secure', (secure) => ({ cookies: { secure } })],
    ['cookies.forgiving', (forgiving) => ({ cookies: { forgiving } })],
    ['cookies.persistent', (persistent) => ({ cookies: { persistent } })],
    ['csrf.dangerouslyDisable', (dangerouslyDisable) => ({ csrf: { dangerouslyDisable } })],
  ];

  it.each(flags)('is true or false, or a boot error: %s', async (name, options) => {
    for (const value of ['false', 'true', 'no', '', 0, 1, {}, []])
      expect((await problemsOf(options(value))).join('\n')).toMatch(
        new RegExp(`${name.replace('.', String.raw`\.`)} is .*; accepted is true or false`),
      );
    expect(await problemsOf(options(undefined))).toEqual([]);
    expect(await problemsOf(options(null))).toEqual([]);
  });

  it('of a named route is checked too', async () => {
    class Health {}
    const routes = [{ controller: Health, public: 'false', reason: 'the balancer asks' }];
    expect((await problemsOf({ routes })).join()).toContain("routes[0].public is 'false'; accepted is true or false");
  });

  it('is not a string: defaultGuard "false" does not open routes', async () => {
    expect((await problemsOf({ defaultGuard: 'false' })).join()).toContain("defaultGuard is 'false'");
  });
});

describe('a value of another type', () => {
  it.each<[string, object, string]>([
    ['a group that is text', { access: '15m' }, 'access is '],
    ['a group that is true', { cookies: true }, 'cookies is true; accepted is an object with options'],
    ['a group that is a list', { refresh: [] }, 'refresh is a list'],
    ['a session that is true', { session: true }, 'session is true'],
    ['a name that is a number', { cookies: { names: { access: 7 } } }, 'cookies.names.access is 7; accepted is text'],
    [
      'origins that are text',
      { csrf: { trustedOrigins: 'https://a.example' } },
      'csrf.trustedOrigins is text; accepted is a list',
    ],
    ['controllers that are none', { controllers: 'all' }, "controllers is 'all'; accepted is a list"],
    ['stores that are text', { stores: 'redis' }, "stores is 'redis'"],
  ])('is a boot error: %s', async (_, options, problem) => {
    expect((await problemsOf(options)).join('\n')).toContain(problem);
  });
});

describe('an absent value', () => {
  const complete = { issuer: 'https://a.example', audience: 'a', keys: ec, stores: memoryStores() };

  it.each(['issuer', 'audience', 'keys', 'stores'])(
    'counts as absent however it is written: %s in production',
    async (name) => {
      process.env['NODE_ENV'] = 'production';
      expect(await problemsOf(complete)).toEqual([]);
      for (const absent of [null, undefined])
        expect((await problemsOf({ ...complete, [name]: absent })).join()).toMatch(new RegExp(`^${name} is required`));
      expect((await problemsOf({ ...complete, [name]: '' })).join()).toContain(name);
    },
  );

  it('keeps the default: null for every option', async () => {
    const names = [
      'issuer',
      'audience',
      'keys',
      'algorithm',
      'access',
      'refresh',
      'trust',
      'header',
      'cookies',
      'csrf',
      'session',
      'revocation',
      'limits',
      'clockTolerance',
      'errors',
      'loginUrl',
      'users',
      'externalUsers',
      'stores',
      'audit',
      'controllers',
      'schemes',
      'routes',
      'defaultGuard',
      'clock',
      'name',
    ];
    expect(await problemsOf(Object.fromEntries(names.map((name) => [name, null])))).toEqual([]);
    expect(
      await problemsOf({ access: { ttl: null }, refresh: { grace: undefined }, cookies: { names: { csrf: null } } }),
    ).toEqual([]);
  });

  it.each<[string, object, string]>([
    ['an issuer with a line feed', { issuer: 'https://a.example\n' }, 'issuer is '],
    ['an issuer with a space', { issuer: ' https://a.example' }, 'issuer is '],
    ['a whitespace audience', { audience: ' ' }, 'audience is '],
    ['an audience with a space at an end', { audience: ['a', 'b '] }, 'audience is '],
    [
      'a whitespace issuer of a trust entry',
      { trust: [{ issuer: ' ', audience: 'a', keys: { jwksUri: 'https://a.example/k' } }] },
      'trust[0].issuer',
    ],
    [
      'a trusted issuer with a line feed',
      { trust: [{ issuer: 'https://a.example\n', audience: 'a', keys: { jwksUri: 'https://a.example/k' } }] },
      'trust[0].issuer',
    ],
  ])('is not %s: strings are trimmed strings, or a boot error', async (_, options, problem) => {
    expect((await problemsOf(options)).join('\n')).toContain(problem);
  });
});

describe('the algorithm', () => {
  it.each<[string, object, RegExp]>([
    [
      'that a secret cannot sign',
      { keys: { secret }, algorithm: 'RS256' },
      /keys\.current is of type oct .*algorithm is 'RS256'; accepted for this key is HS256, HS384, HS512/,
    ],
    [
      'of another key type',
      { keys: rsa, algorithm: 'ES256' },
      /algorithm is 'ES256'; accepted for this key is RS256, /,
    ],
    ['of another curve', { keys: ec, algorithm: 'ES384' }, /algorithm is 'ES384'; accepted for this key is ES256/],
    ['that is misspelt', { algorithm: 'HS265' }, /^algorithm is 'HS265'; accepted is HS256, .*did you mean HS256\?/],
    ['none', { keys: ec, algorithm: 'none' }, /^algorithm is 'none'; accepted is HS256, /],
    ['that is not a string', { algorithm: 256 }, /^algorithm is 256; accepted is HS256, /],
    [
      'of a wrapped key',
      { keys: { current: { key: ec, alg: 'ES265' } } },
      /keys\.current has no algorithm that signs tokens here: it says 'ES265'; there are .*ES256/,
    ],
    ['of the next key', { keys: { current: ec, next: rsa }, algorithm: 'ES256' }, /keys\.next .*algorithm is 'ES256'/],
    [
      'of a directory',
      { keys: keysFromDirectory('/nowhere-to-be-found', { createIfMissing: true, alg: 'HS265' as never }) },
      /alg is 'HS265'; accepted is HS256, /,
    ],
  ])('is a boot error if it is one %s', async (_, options, problem) => {
    expect((await problemsOf(options)).join('\n')).toMatch(problem);
  });

  it('matches the key, or is derived from it', async () => {
    expect(await problemsOf({ keys: rsa, algorithm: 'PS256' })).toEqual([]);
    expect(await problemsOf({ keys: rsa })).toEqual([]);
    expect(await problemsOf({ keys: { current: ec, retired: [{ key: rsa }] }, algorithm: 'ES256' })).toEqual([]);
    expect(await problemsOf({ algorithm: 'RS256' })).toEqual([]);
  });
});

describe('a class and what is made of it, taken for each other', () => {
  class Users extends UserSource<{ id: string }> {
    override async findBySubject() {
      return null;
    }
    override describe({ id }: { id: string }) {
      return { id, active: true };
    }
  }

  it.each<[object, string]>([
    [
      { controllers: [tokenController] },
      'controllers[0] is a function; accepted is what a function of nestjs-latchkey/controllers returns: tokenController(), and not tokenController',
    ],
    [
      { users: new Users() },
      'users is an object (Users); accepted is the class of your UserSource, not an instance of it',
    ],
    [
      { stores: memoryStores },
      'stores is a function; accepted is what memoryStores(), typeOrmStores() or redisStores(',
    ],
    [{ schemes: [() => undefined] }, 'schemes names a function without a name, which is not a provider'],
  ])('are named in words of the library: %#', async (options, sentence) => {
    expect(await problemsOf(options)).toEqual([expect.stringContaining(sentence)]);
  });
});
