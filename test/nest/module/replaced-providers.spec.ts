// What a provider in the place of one of the module's replaces: a port for everything, a service wherever it is injected.
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, UseGuards, type Provider } from '@nestjs/common';
import {
  authConfiguration,
  AuthModule,
  Clock,
  LoginService,
  memoryStores,
  TokenService,
  type AuthModuleOptions,
  type AuthModuleStructure,
} from 'nestjs-latchkey';
import { HostSession, SessionService } from 'nestjs-latchkey/browser';
import { devicesController } from 'nestjs-latchkey/controllers';
import { AuditSink, MemoryAuditSink } from 'nestjs-latchkey/events';
import { BlocklistStore, LoginStore } from 'nestjs-latchkey/stores';
import { FixedClock } from 'nestjs-latchkey/testing';
import { ADAPTERS, startApplication, type RunningApplication } from '../../support/applications.js';
import { SwitchedStores } from '../../support/switched-stores.js';

const admin = authConfiguration('admin');

@Controller()
class Routes {
  @Get('own') own() {
    return 'own';
  }

  @UseGuards(admin.JwtAuthGuard)
  @Get('admin')
  admin() {
    return 'admin';
  }
}

interface Replaced {
  readonly options?: AuthModuleOptions & AuthModuleStructure;
  readonly token: unknown;
  readonly by: unknown;
}

let running: RunningApplication | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

/** An application with two configurations, one of whose providers is another one. */
async function replacing({ options = {}, token, by }: Replaced): Promise<RunningApplication> {
  running = await startApplication('express', {
    imports: [
      AuthModule.forRoot({ audience: 'shop', controllers: [devicesController()], ...options }),
      AuthModule.forRoot({ name: 'admin', audience: 'shop-admin' }),
    ],
    controllers: [Routes],
    prepare: (builder) => builder.overrideProvider(token).useValue(by),
  });
  return running;
}

const bearer = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

async function storesOn(clock: Clock) {
  return memoryStores().useFactory(clock);
}

/** A blocklist that holds every token. */
async function fullBlocklist(): Promise<BlocklistStore> {
  const { revocations } = await storesOn(new FixedClock());
  revocations.find = () => Promise.resolve('token');
  return revocations;
}

describe('a port that is replaced', () => {
  it('replaces the clock for everything that reads the time', async () => {
    const clock = new FixedClock();
    const { app, fetch } = await replacing({ token: Clock, by: clock });
    const { accessToken } = await app.get(TokenService).issue('ada');
    expect((await fetch('/own', bearer(accessToken))).status).toBe(200);
    clock.advance('1h');
    expect((await fetch('/own', bearer(accessToken))).status).toBe(401);
  });

  it('replaces the blocklist that guards ask', async () => {
    const { app, fetch } = await replacing({ token: BlocklistStore, by: await fullBlocklist() });
    const { accessToken } = await app.get(TokenService).issue('ada');
    expect((await fetch('/own', bearer(accessToken))).status).toBe(401);
  });

  it('replaces it in its own configuration alone', async () => {
    const { app, fetch } = await replacing({ token: admin.token(BlocklistStore), by: await fullBlocklist() });
    const own = await app.get(TokenService).issue('ada');
    const other = await app.get<TokenService>(admin.token(TokenService)).issue('ada');
    expect((await fetch('/own', bearer(own.accessToken))).status).toBe(200);
    expect((await fetch('/admin', bearer(other.accessToken))).status).toBe(401);
  });

  it('asks a blocklist in its place within the time limit, and no longer after five failures', async () => {
    const switched = new SwitchedStores();
    const { revocations } = await switched.recipe().useFactory(new FixedClock());
    const { app, fetch } = await replacing({
      options: { revocation: { timeout: '20ms' } },
      token: BlocklistStore,
      by: revocations,
    });
    const { accessToken } = await app.get(TokenService).issue('ada');
    expect((await fetch('/own', bearer(accessToken))).status).toBe(200);
    switched.mood = 'silent';
    for (let at = 0; at < 5; at += 1) expect((await fetch('/own', bearer(accessToken))).status).toBe(503);
    const asked = switched.asked.length;
    expect((await fetch('/own', bearer(accessToken))).status).toBe(503);
    expect(switched.asked).toHaveLength(asked);
  });

  it('keeps a blocklist in its place in the memory of the process, and notes its own revocations there', async () => {
    const switched = new SwitchedStores();
    const { revocations } = await switched.recipe().useFactory(new FixedClock());
    const { app, fetch } = await replacing({
      options: { revocation: { freshness: { withinMs: 60_000 } } },
      token: BlocklistStore,
      by: revocations,
    });
    const tokens = app.get(TokenService);
    const { accessToken } = await tokens.issue('ada');
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    while (!switched.asked.includes('changesSince')) await turn();
    await turn();
    expect((await fetch('/own', bearer(accessToken))).status).toBe(200);
    expect(switched.asked).not.toContain('find');
    await tokens.revoke(accessToken);
    expect((await fetch('/own', bearer(accessToken))).status).toBe(401);
    expect(switched.asked).not.toContain('find');
  });

  it('is checked at the start in the place of what it replaces', async () => {
    const { revocations, logins } = await storesOn(new FixedClock());
    Object.assign(logins, { checkReady: () => Promise.reject(new Error('its table is missing')) });
    await expect(replacing({ token: LoginStore, by: logins })).rejects.toThrow('its table is missing');
    Object.assign(revocations, { changesSince: undefined });
    const options = { revocation: { freshness: { withinMs: 1_000 } } };
    await expect(replacing({ options, token: BlocklistStore, by: revocations })).rejects.toThrow(
      'has no changesSince()',
    );
  });

  it('replaces the store that logins are kept in', async () => {
    const { logins } = await storesOn(new FixedClock());
    const { app } = await replacing({ token: LoginStore, by: logins });
    const { sid, subject } = await app.get(TokenService).issue('ada');
    expect((await logins.find(subject.issuer, sid))?.subject).toBe('ada');
    await app.get(LoginService).end(subject, sid);
    expect(await logins.find(subject.issuer, sid)).toBeUndefined();
  });

  it('replaces the session of the host', async () => {
    class OneSession extends HostSession {
      override read = () => ({
        iss: 'http://localhost',
        sub: 'ada',
        sid: 's',
        issuedAt: 1,
        expiresAt: 9e9,
        authTime: 1,
      });
      override start = () => Promise.resolve();
      override destroy = () => Promise.resolve();
    }
    const { app } = await replacing({ options: { session: {} }, token: HostSession, by: new OneSession() });
    expect(app.get(SessionService).current({})).toMatchObject({ sid: 's', subject: { id: 'ada' } });
  });

  it('replaces the sink of the audit trail', async () => {
    const [named, other] = [new MemoryAuditSink(), new MemoryAuditSink()];
    const audit = { sink: { useFactory: () => named } };
    const { app } = await replacing({ options: { audit }, token: AuditSink, by: other });
    const { subject } = await app.get(TokenService).issue('ada');
    expect((await other.list(subject, 10)).map(({ type }) => type)).toEqual(['sign_in']);
    expect(await named.list(subject, 10)).toEqual([]);
  });
});

describe('a service that is replaced', () => {
  it('is what ready-made controllers use', async () => {
    const moment = new Date('2026-01-01T00:00:00Z');
    const device = { id: 's', label: 'of another service', createdAt: moment, lastUsedAt: moment, expiresAt: moment };
    const { app, fetch } = await replacing({ token: LoginService, by: { list: () => Promise.resolve([device]) } });
    const { accessToken } = await app.get(TokenService).issue('ada');
    const answer = await fetch('/auth/devices', bearer(accessToken));
    expect(await answer.json()).toMatchObject([{ id: 's', label: 'of another service' }]);
  });
});

describe.each(ADAPTERS)('a provider that the application gives beside those of the module, on %s', (adapter) => {
  const start = async (...providers: Provider[]) => {
    const auth = AuthModule.forRoot({ audience: 'shop', controllers: [devicesController()] });
    running = await startApplication(adapter, {
      imports: [{ ...auth, providers: [...(auth.providers ?? []), ...providers] }],
    });
    return running;
  };

  it('replaces a port for everything, and a service where it is injected, with dependencies of its own', async () => {
    const clock = new FixedClock();
    const devicesAt = (at: Clock) => ({
      list: async () => [
        {
          id: 's',
          label: 'of another service',
          createdAt: new Date(0),
          lastUsedAt: new Date(at.nowMs()),
          expiresAt: new Date(0),
        },
      ],
    });
    const { app, fetch } = await start(
      { provide: Clock, useValue: clock },
      { provide: LoginService, useFactory: devicesAt, inject: [Clock] },
    );
    const { accessToken } = await app.get(TokenService).issue('ada');
    const answer = await fetch('/auth/devices', bearer(accessToken));
    expect(await answer.json()).toMatchObject([
      { label: 'of another service', lastUsedAt: new Date(clock.nowMs()).toISOString() },
    ]);
    clock.advance('1h');
    expect((await fetch('/auth/devices', bearer(accessToken))).status).toBe(401);
  });

  it('that needs what is not there keeps the application from starting, with its name', async () => {
    class AbsentDirectory {}
    const missing = { provide: LoginService, useFactory: () => ({}), inject: [AbsentDirectory] };
    await expect(start(missing)).rejects.toThrow(/LoginService.*AbsentDirectory/s);
  });
});
