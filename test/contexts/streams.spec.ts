import { Controller, Injectable, Scope, Sse, UseGuards, type MessageEvent } from '@nestjs/common';
import { ExternalContextCreator } from '@nestjs/core';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  AuthModule,
  BlocklistService,
  CurrentUser,
  JwtAuthGuard,
  Public,
  TokenService,
  type AuthModuleOptions,
} from 'nestjs-latchkey';
import { interval, map, type Observable } from 'rxjs';
import { ADAPTERS, startApplication, type RunningApplication } from '../support/applications.js';

@UseGuards(JwtAuthGuard)
@Controller('events')
class EventsController {
  @Sse('mine') mine(@CurrentUser('id') id: string): Observable<MessageEvent> {
    return interval(10).pipe(map((count) => ({ data: `${id} ${count}` })));
  }
  @Public() @Sse('open') open(): Observable<MessageEvent> {
    return interval(10).pipe(map((count) => ({ data: String(count) })));
  }
}

@UseGuards(JwtAuthGuard)
@Injectable()
class Jobs {
  run(): string {
    return 'done';
  }
  @Public() sweep(): string {
    return 'swept';
  }
}

/** Reads a stream to its end; calls back once the first event is there. */
async function readToEnd(answer: Response, onFirst: () => unknown = () => undefined): Promise<string> {
  let text = '';
  for await (const chunk of answer.body ?? []) {
    const before = text;
    text += Buffer.from(chunk).toString();
    if (!before.includes('data:') && text.includes('data:')) await onFirst();
  }
  return text;
}

let running: RunningApplication | undefined;
afterEach(() => running?.close());

describe.each(ADAPTERS)('a stream of events on %s', (adapter) => {
  async function start(options: AuthModuleOptions = {}) {
    running = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ clockTolerance: 0, ...options })],
      controllers: [EventsController],
    });
    const { accessToken } = await running.app.get(TokenService).issue('ada');
    return { ...running, accessToken, bearer: { headers: { authorization: `Bearer ${accessToken}` } } };
  }

  it('is refused before it begins', async () => {
    const { fetch } = await start();
    const answer = await fetch('/events/mine');
    expect(answer.status).toBe(401);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(await answer.json()).toMatchObject({ errorCode: 'unauthenticated' });
  });

  it('ends when its token is revoked', async () => {
    const { app, fetch, accessToken, bearer } = await start();
    const answer = await fetch('/events/mine', bearer);
    expect(answer.status).toBe(200);
    const verified = await app.get(TokenService).verify(accessToken, { kind: 'access' });
    expect(await readToEnd(answer, () => app.get(BlocklistService).revokeToken(verified))).toContain('ada 0');
  });

  it('ends when its token expires', async () => {
    const { fetch, bearer } = await start({ access: { ttl: '2s' } });
    expect(await readToEnd(await fetch('/events/mine', bearer))).toContain('data: ada 1');
  });

  it('stays open on a public route, whatever token is sent', async () => {
    const { app, fetch, accessToken, bearer } = await start();
    const answer = await fetch('/events/open', bearer);
    await app.get(BlocklistService).revokeToken(await app.get(TokenService).verify(accessToken, { kind: 'access' }));
    let events = 0;
    for await (const chunk of answer.body ?? []) {
      events += Buffer.from(chunk).length > 0 ? 1 : 0;
      if (events > 3) break;
    }
    expect(events).toBeGreaterThan(3);
  });
});

describe('an unknown context', () => {
  it('is refused, and open only if it is public', async () => {
    running = await startApplication('express', { imports: [AuthModule.forRoot()], providers: [Jobs] });
    const jobs = running.app.get(Jobs);
    const creator = running.app.get(ExternalContextCreator, { strict: false });
    const run = (method: 'run' | 'sweep') =>
      // oxlint-disable-next-line typescript/unbound-method -- Nest calls it on the instance
      creator.create(jobs, jobs[method], method, undefined, undefined, undefined, undefined, undefined, 'queue')();
    await expect(run('run')).rejects.toMatchObject({ status: 403, response: { errorCode: 'unsupported_context' } });
    expect(await run('sweep')).toBe('swept');
  });
});

describe('a request-scoped controller over http', () => {
  @Injectable({ scope: Scope.REQUEST })
  class PerRequest {
    readonly made = Symbol('made');
  }

  @Controller('scoped')
  class Scoped {
    constructor(readonly each: PerRequest) {}
    @Sse() stream(@CurrentUser('id') id: string): Observable<MessageEvent> {
      return interval(10).pipe(map(() => ({ data: `${id} ${typeof this.each.made}` })));
    }
  }

  it.each(ADAPTERS)('is guarded like any other on %s', async (adapter) => {
    running = await startApplication(adapter, {
      imports: [AuthModule.forRoot()],
      controllers: [Scoped],
      providers: [PerRequest],
    });
    expect((await running.fetch('/scoped')).status).toBe(401);
    const { accessToken } = await running.app.get(TokenService).issue('ada');
    const answer = await running.fetch('/scoped', { headers: { authorization: `Bearer ${accessToken}` } });
    let text = '';
    for await (const chunk of answer.body ?? []) {
      text += Buffer.from(chunk).toString();
      if (text.includes('\n\n')) break;
    }
    expect(text).toContain('ada symbol');
  });
});
