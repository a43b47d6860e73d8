// Handlers that answer with the user object itself.
import { Controller, Get, Module, UseInterceptors, type CallHandler, type NestInterceptor } from '@nestjs/common';
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { map } from 'rxjs';
import {
  AuthModule,
  CurrentUser,
  memoryStores,
  TokenService,
  UserSource,
  type AuthModuleOptions,
} from 'nestjs-latchkey';
import {
  ADAPTERS,
  SILENT,
  startApplication,
  type AdapterName,
  type RunningApplication,
} from '../../support/applications.js';

interface Row {
  readonly id: string;
  readonly name: string;
  readonly passwordHash: string;
}

class Users extends UserSource<Row> {
  private readonly ada: Row = { id: 'ada', name: 'Ada', passwordHash: '$argon2id$s3cret' };
  override async findBySubject() {
    return this.ada;
  }
  override describe({ id }: Row) {
    return { id, active: true };
  }
}

@Module({ providers: [Users], exports: [Users] })
class UsersModule {}

class Serialise implements NestInterceptor {
  intercept(_: unknown, next: CallHandler) {
    return next.handle().pipe(map((user: Row) => ({ id: user.id })));
  }
}

@Controller()
class MeController {
  @Get('leak') leak(@CurrentUser() user: unknown) {
    return user;
  }
  @Get('later') async later(@CurrentUser() user: unknown) {
    return Promise.resolve(user);
  }
  @Get('class') dto(@CurrentUser() user: { id: string }) {
    return { id: user.id };
  }
  @Get('member') member(@CurrentUser('name') name: string) {
    return { name };
  }
  @UseInterceptors(Serialise) @Get('serialised') serialised(@CurrentUser() user: unknown) {
    return user;
  }
}

const running: RunningApplication[] = [];
const environment = process.env['NODE_ENV'];
afterEach(async () => {
  process.env['NODE_ENV'] = environment;
  for (const each of running.splice(0)) await each.close();
});

async function start(
  adapter: AdapterName,
  options: AuthModuleOptions = {},
  users: { users?: typeof Users } = { users: Users },
) {
  const warnings: string[] = [];
  const log = { ...SILENT, warn: (text: unknown) => void warnings.push(String(text)) };
  const imports = [UsersModule, AuthModule.forRoot({ ...options, ...users, stores: memoryStores() })];
  const each = await startApplication(adapter, { imports, controllers: [MeController], log });
  running.push(each);
  const { accessToken } = await each.app.get(TokenService).issue('ada');
  const get = async (path: string) =>
    (await each.fetch(path, { headers: { authorization: `Bearer ${accessToken}` } })).text();
  return { get, notices: () => warnings.filter((line) => line.includes('the user object itself')) };
}

describe.each(ADAPTERS)('a handler that answers with the user object on %s', (adapter) => {
  it('is named in the log of development, once, without a value', async () => {
    const { get, notices } = await start(adapter);
    expect(await get('/leak')).toContain('s3cret');
    await get('/leak');
    await get('/later');
    expect(notices()).toEqual([
      expect.stringContaining('MeController.leak answers with the user object itself'),
      expect.stringContaining('MeController.later answers with the user object itself'),
    ]);
    expect(notices().join()).not.toContain('s3cret');
  });

  it('is not named if a class, a member, or an interceptor of the application decides what is sent', async () => {
    const { get, notices } = await start(adapter);
    for (const path of ['/class', '/member', '/serialised']) expect(await get(path)).not.toContain('s3cret');
    expect(notices()).toEqual([]);
  });

  it('is not named if the user is what the token says', async () => {
    const { get, notices } = await start(adapter, {}, {});
    expect(await get('/leak')).toContain('ada');
    expect(notices()).toEqual([]);
  });

  it('is not looked for in production', async () => {
    process.env['NODE_ENV'] = 'production';
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { get, notices } = await start(adapter, { issuer: 'https://accounts.test', audience: 'a', keys: privateKey });
    expect(await get('/leak')).toContain('s3cret');
    expect(notices()).toEqual([]);
  });
});
