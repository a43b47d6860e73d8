import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { actingAs, AuthTestingModule, type Acting, type HeadersByName } from 'nestjs-latchkey/testing';
import { ADAPTERS, startApplication, type RunningApplication } from '../support/applications.js';
import { RoutesController } from '../support/testing-routes.js';

describe.each(ADAPTERS)('actingAs on %s', (adapter) => {
  let running: RunningApplication;
  let ada: Acting;
  beforeAll(async () => {
    running = await startApplication(adapter, {
      imports: [AuthTestingModule.forRoot()],
      controllers: [RoutesController],
    });
    ada = await actingAs(running.app, 'ada', { scopes: ['profile'] });
  });
  afterAll(() => running.close());

  const get = (url: string) => (headers: HeadersByName) => running.fetch(url, { headers });

  it('sends requests as the user, by any client', async () => {
    const fetched = await ada.through(get('/me'));
    expect(await fetched.json()).toEqual({ id: 'ada', scopes: ['profile'], kind: 'user' });
    const sent = await ada.through((headers) => request(running.url).get('/me').set(headers));
    expect(sent.body).toEqual({ id: 'ada', scopes: ['profile'], kind: 'user' });
    const injected = await ada.through(async (headers) => ({ statusCode: (await get('/me')(headers)).status }));
    expect(injected).toEqual({ statusCode: 200 });
  });

  it.each(['/open', '/hello'])('fails on %s, which answers anonymous requests', async (url) => {
    await expect(ada.through(get(url))).rejects.toThrow('The route answers 200 to a request without credentials');
  });

  it('fails on a route that does not exist', async () => {
    await expect(ada.through(get('/nowhere'))).rejects.toThrow('answers 404');
  });

  it('fails if the user is not authenticated', async () => {
    const stranger = await actingAs(running.app, 'ada', { claims: { aud: 'elsewhere' } });
    await expect(stranger.through(get('/me'))).rejects.toThrow('does not authenticateCredential the user');
  });

  it('creates headers for a guarded handler, and fails for one that is public or missing', async () => {
    expect((await get('/me')(ada.on(RoutesController, 'me'))).status).toBe(200);
    expect(() => ada.on(RoutesController, 'open')).toThrow('RoutesController.open is public');
    expect(() => ada.on(RoutesController, 'nothing' as 'me')).toThrow('does not exist');
  });
});
