// The health indicators in a real health check, on real outages.
import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService, HealthIndicatorService, TerminusModule } from '@nestjs/terminus';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthModule, HashingQueue, memoryStores, Public, TokenService } from 'nestjs-latchkey';
import type { LoginStore, Stores } from 'nestjs-latchkey/stores';
import { AuthHealthIndicator } from 'nestjs-latchkey/terminus';
import { FixedClock, LocalIssuer } from 'nestjs-latchkey/testing';
import { ADAPTERS, startApplication, type RunningApplication } from '../support/applications.js';

// Terminus 11 knows up and down alone.
const DEGRADED =
  'degraded' in new HealthIndicatorService().check('any') ? { status: 'degraded' } : { status: 'up', degraded: true };
const OVERALL = DEGRADED.status === 'up' ? 'ok' : 'degraded';

const queue = new HashingQueue({ concurrency: 1 });

@Public()
@Controller('ready')
class ReadyController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly auth: AuthHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([
      () => this.auth.stores(),
      () => this.auth.keySets(),
      () => this.auth.hashing(queue, { most: 2 }),
    ]);
  }
}

describe.each(ADAPTERS)('a health check on %s', (adapter) => {
  let app: RunningApplication;
  let issuer: LocalIssuer;
  const clock = new FixedClock();
  const state = { down: false };
  beforeAll(async () => {
    issuer = await LocalIssuer.start({ audience: 'app', clock });
    const stores = {
      useFactory: async (): Promise<Stores> => {
        const { revocations, logins } = await memoryStores().useFactory();
        const list: LoginStore['list'] = async (...asked) => {
          if (state.down) throw new Error('connect ECONNREFUSED 10.0.0.7:5432');
          return logins.list(...asked);
        };
        return { revocations, logins: Object.assign(Object.create(logins) as LoginStore, { list }) };
      },
    };
    app = await startApplication(adapter, {
      imports: [
        AuthModule.forRoot({ issuer: 'https://app.test', audience: 'app', trust: [issuer.trust()], stores, clock }),
        TerminusModule.forRoot({ logger: false }),
      ],
      controllers: [ReadyController],
      providers: [AuthHealthIndicator],
    });
  });
  afterAll(async () => {
    await app.close();
    await issuer.close();
  });

  async function check() {
    const answer = await app.fetch('/ready');
    const text = await answer.text();
    return {
      status: answer.status,
      text,
      body: JSON.parse(text) as { status: string; details: Record<string, object> },
    };
  }

  it('is up if all answer, and an issuer was not contacted yet', async () => {
    const { status, body } = await check();
    expect([status, body.status]).toEqual([200, 'ok']);
    expect(body.details['auth-stores']).toMatchObject({ status: 'up' });
    expect(body.details['auth-key-sets']).toMatchObject({ status: 'up' });
  });

  it('is down while a store does not answer, and names the store and no cause', async () => {
    state.down = true;
    const { status, body, text } = await check();
    expect(status).toBe(503);
    expect(body.details['auth-stores']).toMatchObject({ status: 'down', logins: 'down', revocations: 'up' });
    expect(text).not.toMatch(/ECONNREFUSED|10\.0\.0\.7/);
    state.down = false;
    expect((await check()).status).toBe(200);
  });

  it('is degraded, not down, while an issuer does not serve its keys', async () => {
    issuer.fail('unavailable');
    const token = await issuer.tokens.valid('eve');
    await expect(app.app.get(TokenService).verify(token, { kind: 'access' })).rejects.toThrow();
    const { status, body, text } = await check();
    expect([status, body.status]).toEqual([200, OVERALL]);
    expect(body.details['auth-key-sets']).toMatchObject({ ...DEGRADED, issuers: 1, failing: 1, unusable: 1 });
    expect(text).not.toContain(issuer.url);
  });

  it('is degraded while too many passwords wait to be hashed', async () => {
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const runs = [1, 2, 3].map(() => queue.run(() => gate));
    expect((await check()).body.details['auth-hashing']).toMatchObject({ ...DEGRADED, waiting: 2 });
    open();
    await Promise.all(runs);
    expect((await check()).body.details['auth-hashing']).toMatchObject({ status: 'up', waiting: 0 });
  });
});
