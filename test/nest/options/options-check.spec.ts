import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { Controller, Get, Injectable, Module, Scope, UseGuards } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  AuthGuardFor,
  AuthConfigurationError,
  AuthModule,
  JwtAuthGuard,
  memoryStores,
  OptionalAuth,
  Public,
  TokenService,
  UserSource,
  type AuthModuleOptions,
  type AuthOptionsFactory,
  type UserDescription,
} from 'nestjs-latchkey';

type Imports = NonNullable<Parameters<typeof Test.createTestingModule>[0]['imports']>;

const quiet = () => {};
const SILENT = { log: quiet, error: quiet, warn: quiet, debug: quiet, verbose: quiet };

async function boot(imports: Imports, more: Parameters<typeof Test.createTestingModule>[0] = {}, logger = SILENT) {
  const module = await Test.createTestingModule({ ...more, imports })
    .setLogger(logger)
    .compile();
  const app = module.createNestApplication();
  await app.init();
  return app;
}

/** The problems of the boot error; empty if the application starts. */
async function problemsOf(work: () => Promise<{ close(): Promise<void> }>): Promise<readonly string[]> {
  try {
    await (await work()).close();
    return [];
  } catch (error) {
    if (error instanceof AuthConfigurationError) return error.problems;
    throw error;
  }
}

// What an untyped caller, or an environment variable, may hand over.
const values = (options: unknown) => problemsOf(() => boot([AuthModule.forRoot(options as AuthModuleOptions)]));

const environment = process.env['NODE_ENV'];
afterEach(() => {
  process.env['NODE_ENV'] = environment;
});

const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const SECRET = 'a secret that must never be printed anywhere';

describe('the secret of CSRF tokens', () => {
  it.each<[string, unknown, string]>([
    ['x 48 times', 'x'.repeat(48), 'csrf.secret is empty, whitespace, or one repeated character'],
    ['a word six times', 'secret'.repeat(6), 'csrf.secret is too easy to guess'],
    ['a sample', 'a-string-secret-at-least-256-bits-long', 'csrf.secret is a sample from public documentation'],
    [
      'a public key',
      String(createPublicKey(privateKey).export({ format: 'pem', type: 'spki' })),
      'csrf.secret is itself a key',
    ],
    ['bytes', Buffer.alloc(48), 'csrf.secret is an object (Buffer)'],
  ])('is a boot error if it is %s', async (_, secret, problem) => {
    expect(await values({ csrf: { secret } })).toEqual([expect.stringContaining(problem)]);
  });
});

describe('options', () => {
  it.each<[string, unknown, string]>([
    [
      'an unknown option with the nearest name',
      { algoritm: 'ES256' },
      'algoritm is not an option; did you mean algorithm?',
    ],
    ['an unknown option of a group', { access: { tll: '15m' } }, 'access.tll is not an option; did you mean ttl?'],
    ['an unknown option that resembles nothing', { zzzzzzzz: 1 }, 'zzzzzzzz is not an option; there are issuer'],
    ['a duration without a unit, as text', { access: { ttl: '60' } }, "access.ttl is '60'; accepted is"],
    ['a negative duration', { refresh: { grace: -1 } }, 'refresh.grace is -1; accepted is 0 to 60 seconds'],
    [
      'a grace of more than a minute',
      { refresh: { grace: '61s' } },
      "refresh.grace is '61s'; accepted is 0 to 60 seconds",
    ],
    [
      'a tolerance of more than a minute',
      { clockTolerance: '2m' },
      "clockTolerance is '2m'; accepted is 0 to 60 seconds",
    ],
    [
      'an absolute life shorter than the idle one',
      { refresh: { idle: '2d', absolute: '1d' } },
      'refresh.absolute must not be shorter',
    ],
    [
      'a refresh life shorter than the access life',
      { access: { ttl: '1h' }, refresh: { idle: '5m' } },
      'refresh.idle must not be shorter',
    ],
    ['an issuer that is not a URL', { issuer: 'me' }, "issuer is 'me'; accepted is an http(s) address"],
    ['an empty audience', { audience: '' }, "audience is ''; accepted is"],
    ['an audience list with an empty name', { audience: ['a', ''] }, 'audience is ["a",""]; accepted is'],
    ['a realm with a line break', { errors: { realm: 'a\r\nSet-Cookie: x' } }, 'errors.realm must be'],
    ['a limit above its cap', { limits: { token: 100_000 } }, 'limits.token must be a whole number from 1 to 65536'],
    [
      'a strict audience by a text',
      { exclusiveAudience: 'yes' },
      "exclusiveAudience is 'yes'; accepted is true or false",
    ],
    [
      'a strict audience of several',
      { audience: ['a', 'b'], exclusiveAudience: true },
      'exclusiveAudience needs one audience',
    ],
    ['a strict audience of none', { audience: false, exclusiveAudience: true }, 'exclusiveAudience needs one audience'],
    ['an invalid header name', { header: { name: 'x y' } }, "header.name is 'x y'; accepted is a header name"],
    ['no header schemes', { header: { schemes: [] } }, 'header.schemes is [] without header.sentBy; accepted is'],
    [
      'a freshness bound out of range',
      { revocation: { freshness: { withinMs: 1 } } },
      'revocation.freshness is {"withinMs":1}',
    ],
    [
      'an error format that does not exist',
      { errors: { format: 'xml' } },
      "errors.format is 'xml'; accepted is nest or problem",
    ],
    ['an empty client', { access: { clientId: '' } }, 'access.clientId is another text; accepted is text of 1'],
    ['a client with a line break', { access: { clientId: 'a\nb' } }, 'access.clientId is another text'],
    ['a client that is a number', { access: { clientId: 7 } }, 'access.clientId is 7'],
    ['claimsFor that is not a function', { access: { claimsFor: {} } }, 'access.claimsFor must be a function'],
  ])('refuse %s', async (_, options, expected) => {
    const problems = await values(options);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
  });

  it('list every problem at once', async () => {
    const problems = await values({ issuer: 'x', audience: '', acess: {}, clockTolerance: '1h' });
    expect(problems).toHaveLength(4);
  });

  it.each([
    ['a secret shorter than the hash', { keys: { secret: SECRET.slice(0, 31), alg: 'HS256' } }],
    ['a whitespace secret', { keys: { secret: ' '.repeat(64), alg: 'HS256' } }],
    ['a public key to sign with', { keys: generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey }],
    ['an RSA key of 1024 bits', { keys: generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey }],
    ['a key that does not fit its algorithm', { keys: { key: privateKey, alg: 'RS256' } }],
  ])('refuse %s, naming the option and never the key', async (_, options) => {
    const problems = await values(options);
    expect(problems.join()).toContain('keys');
    expect(problems.join()).not.toContain(SECRET.slice(0, 10));
  });

  it('are copied: changing them after the boot has no effect', async () => {
    const options = { audience: ['api'], access: { ttl: '5m' as const } };
    const app = await boot([AuthModule.forRoot(options)]);
    options.audience.push('evil');
    Object.assign(options.access, { ttl: '24h' });
    const pair = await app.get(TokenService).issue('ada');
    expect(pair.expiresIn).toBe(300);
    await app.close();
  });
});

describe('lowered limits', () => {
  it('apply to every token that is presented', async () => {
    const app = await boot([AuthModule.forRoot({ limits: { token: 600 } })]);
    const tokens = app.get(TokenService);
    const [small, large] = [
      await tokens.issue('ada'),
      await tokens.issue('ada', { claims: { note: 'x'.repeat(400) } }),
    ];
    await expect(tokens.verify(large.accessToken, { kind: 'access' })).rejects.toMatchObject({
      code: 'token_too_large',
    });
    expect((await tokens.verify(small.accessToken, { kind: 'access' })).subject.id).toBe('ada');
    await app.close();
  });
});

describe('raised limits', () => {
  it('apply to the tokens that are issued here too', async () => {
    const claims = { note: 'x'.repeat(9_000) };
    const small = await boot([AuthModule.forRoot({})]);
    await expect(small.get(TokenService).issue('ada', { claims })).rejects.toThrow(/longer than 8192/);
    await small.close();
    const app = await boot([AuthModule.forRoot({ limits: { token: 20_000 } })]);
    const tokens = app.get(TokenService);
    const { accessToken } = await tokens.issue('ada', { claims });
    expect((await tokens.verify(accessToken, { kind: 'access' })).subject.id).toBe('ada');
    await app.close();
  });
});

describe('a strict audience', () => {
  it('is one string, and a list that names us is for another service', async () => {
    const app = await boot([AuthModule.forRoot({ audience: 'courses', exclusiveAudience: true })]);
    const tokens = app.get(TokenService);
    const good = await tokens.issue('ada');
    const list = await tokens.issue('ada', { audience: ['courses', 'other'] });
    expect((await tokens.verify(good.accessToken, { kind: 'access' })).subject.id).toBe('ada');
    await expect(tokens.verify(list.accessToken, { kind: 'access' })).rejects.toMatchObject({
      code: 'invalid_audience',
    });
    await app.close();
    const lax = await boot([AuthModule.forRoot({ audience: 'courses' })]);
    const both = await lax.get(TokenService).issue('ada', { audience: ['courses', 'other'] });
    expect((await lax.get(TokenService).verify(both.accessToken, { kind: 'access' })).subject.id).toBe('ada');
    await lax.close();
  });
});

describe('production', () => {
  it('lists every development default at once', async () => {
    process.env['NODE_ENV'] = 'production';
    const problems = await values({});
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual(['issuer', 'audience', 'keys', 'stores']);
  });

  it('starts with all of them set', async () => {
    process.env['NODE_ENV'] = 'production';
    const structure = { stores: memoryStores(), issuer: 'https://auth.example', audience: 'api', keys: privateKey };
    expect(await problemsOf(() => boot([AuthModule.forRoot(structure)]))).toEqual([]);
  });
});

describe('development', () => {
  it('warns and names what production needs', async () => {
    const warnings: string[] = [];
    const app = await boot([AuthModule.forRoot()], {}, {
      ...SILENT,
      warn: (text: string) => void warnings.push(text),
    } as typeof SILENT);
    await app.close();
    expect(warnings.join('\n')).toMatch(/Set before production: issuer .*audience .*keys .*stores/);
  });
});

@Injectable()
class OptionsFactory implements AuthOptionsFactory {
  createAuthOptions(): AuthModuleOptions {
    return { audience: 'from-class' };
  }
}

@Module({ providers: [OptionsFactory], exports: [OptionsFactory] })
class OptionsModule {}

describe('the async forms', () => {
  it.each([
    ['useFactory', () => AuthModule.forRootAsync({ useFactory: () => Promise.resolve({ audience: 'from-class' }) })],
    ['useClass', () => AuthModule.forRootAsync({ useClass: OptionsFactory })],
    ['useExisting', () => AuthModule.forRootAsync({ imports: [OptionsModule], useExisting: OptionsFactory })],
  ])('accept values from %s', async (_, module) => {
    const app = await boot([module()]);
    const { accessToken } = await app.get(TokenService).issue('ada');
    expect(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()).toContain('"aud":"from-class"');
    await app.close();
  });

  it('refuse structure options from a factory', async () => {
    const problems = await problemsOf(() =>
      boot([AuthModule.forRootAsync({ useFactory: () => ({ isGlobal: false }) as AuthModuleOptions })]),
    );
    expect(problems[0]).toContain('isGlobal must stand beside the factory');
  });

  it('refuse a misspelled name beside the factory', () => {
    const options = { useFactory: () => ({}), sores: memoryStores() };
    expect(() => AuthModule.forRootAsync(options)).toThrow(
      'sores cannot stand beside the factory; did you mean stores?',
    );
  });
});

interface Row {
  id: string;
}

@Injectable()
class Rows extends UserSource<Row> {
  override findBySubject({ id }: { id: string }): Promise<Row | undefined> {
    return Promise.resolve({ id });
  }
  override describe({ id }: Row): UserDescription {
    return { id, active: true };
  }
}

@Injectable({ scope: Scope.REQUEST })
class RequestRows extends Rows {}

@Injectable()
class RowsWithTokens extends Rows {
  constructor(readonly tokens: TokenService) {
    super();
  }
}

describe('the user source', () => {
  it.each([
    ['is not a provider', Rows, []],
    ['is made again for each request', RequestRows, [RequestRows]],
  ])('is refused at boot if it %s', async (_, users, providers) => {
    const problems = await problemsOf(() => boot([AuthModule.forRoot({ users })], { providers }));
    expect(problems[0]).toContain(
      `users names ${users.name}, which is not a provider, or one that is created per request`,
    );
  });

  it('may be in any module and may itself need the token service', async () => {
    const app = await boot([AuthModule.forRoot({ users: RowsWithTokens })], { providers: [RowsWithTokens] });
    expect(app.get(RowsWithTokens).tokens).toBeInstanceOf(TokenService);
    await app.close();
  });
});

@Controller()
class BothController {
  @Public() @UseGuards(JwtAuthGuard) @Get() both() {}
}

@Public()
@Controller()
class PublicAndOptionalController {
  @Public() @OptionalAuth() @Get() both() {}
}

@Controller()
class UnknownSchemeController {
  @UseGuards(AuthGuardFor('bearer', 'smoke-signal')) @Get() unknown() {}
}

describe('routes', () => {
  it.each([
    [BothController, 'BothController.both: its handler says both @Public() and @UseGuards(JwtAuthGuard)'],
    [
      PublicAndOptionalController,
      'PublicAndOptionalController.both: its handler says both @Public() and @OptionalAuth()',
    ],
    [UnknownSchemeController, "accepts the scheme 'smoke-signal', which is not configured; there are bearer"],
  ])('with contradictory decorators are refused at boot: %p', async (controller, expected) => {
    const problems = await problemsOf(() => boot([AuthModule.forRoot()], { controllers: [controller] }));
    expect(problems[0]).toContain(expected);
  });
});
