// The sample with a second step: a user who has an authenticator app, on a real database.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { ADAPTERS } from '../support/applications.js';
import { Authenticator } from '../support/authenticator.js';
import { startApp, type AppProcess } from '../support/sample-process.js';

const MARY = { username: 'mary', password: 'connexion of the sciences' };

describe.each(ADAPTERS)('a user with an authenticator on %s', (adapter) => {
  const phone = new Authenticator('JBSWY3DPEHPK3PXP');
  let app: AppProcess;
  beforeAll(async () => {
    app = await startApp({ environment: { HTTP_ADAPTER: adapter } });
  }, 60_000);
  afterAll(() => app.remove());

  async function begin(): Promise<string> {
    const answer = await app.post('/auth/token', MARY);
    const { errorCode, step } = (await answer.json()) as { errorCode: string; step: { continuation: string } };
    expect([answer.status, errorCode]).toEqual([401, 'further_step_required']);
    return step.continuation;
  }
  const proceed = (continuation: string, code: string) => app.post('/auth/token/continue', { continuation, code });

  it('signs in by password and code, once for each code', async () => {
    const code = phone.next();
    const continuation = await begin();
    const wrong = await proceed(continuation, code === '000000' ? '000001' : '000000');
    expect([wrong.status, ((await wrong.json()) as { errorCode: string }).errorCode]).toEqual([
      401,
      'invalid_credentials',
    ]);
    const answer = await proceed(continuation, code);
    expect(answer.status).toBe(200);
    const { access_token } = (await answer.json()) as { access_token: string };
    expect(decodeJwt(access_token)['amr']).toEqual(['pwd', 'otp', 'mfa']);
    expect((await proceed(await begin(), code)).status).toBe(401);
    expect(app.log()).not.toContain(continuation);
  });

  it('signs in once when one code is sent many times at once', async () => {
    const code = phone.next();
    const continuations = [await begin(), await begin(), await begin(), await begin()];
    const answers = await Promise.all(continuations.map((continuation) => proceed(continuation, code)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
  });

  it('leaves users without one as they were', async () => {
    const answer = await app.post('/auth/token', { username: 'ada', password: 'correct horse battery staple' });
    expect(answer.status).toBe(200);
    expect(decodeJwt(((await answer.json()) as { access_token: string }).access_token)['amr']).toEqual(['pwd']);
  });
});
