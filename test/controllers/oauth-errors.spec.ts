// Revocation and introspection refuse bodies in the format of RFC 6749 §5.2, as RFC 7009 §2.2.1 and RFC 7662 §2.3 require.
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { ErrorResponseOptions } from 'nestjs-latchkey';
import { describeAuth } from 'nestjs-latchkey/swagger';
import { ADAPTERS, type AdapterName } from '../support/applications.js';
import { startRecordingApp, type RecordingApp } from '../support/recording-app.js';
import { SwitchedStores } from '../support/switched-stores.js';

const running: RecordingApp[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

async function start(adapter: AdapterName, errors: ErrorResponseOptions = {}): Promise<RecordingApp> {
  const app = await startRecordingApp(adapter, { errors });
  running.push(app);
  return app;
}

const OAUTH = {
  error: 'invalid_request',
  error_description: 'The request body does not have the required shape.',
  errorCode: 'invalid_request',
};

describe.each(ADAPTERS)('a body without a token on %s', (adapter) => {
  const answers = async (app: RecordingApp): Promise<[string, string | null, unknown][]> => {
    const { accessToken } = await app.signIn('grace');
    const asked = ['revoke', 'introspect', 'verify'].map(async (route) => {
      const headers = { authorization: `Bearer ${accessToken}` };
      const answer = await app.fetch(`/auth/token/${route}`, { method: 'POST', headers, body: new URLSearchParams() });
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([400, 'no-store']);
      return [route, answer.headers.get('content-type'), await answer.json()] as [string, string | null, unknown];
    });
    return Promise.all(asked);
  };

  it('is refused in the format of OAuth by the OAuth routes alone', async () => {
    const json = expect.stringMatching(/^application\/json/);
    expect(await answers(await start(adapter))).toEqual([
      ['revoke', json, expect.objectContaining({ ...OAUTH, statusCode: 400, message: expect.any(Array) })],
      ['introspect', json, expect.objectContaining(OAUTH)],
      ['verify', json, expect.objectContaining({ error: 'Bad Request' })],
    ]);
  });

  it('is refused in plain JSON, also if other refusals are problem details', async () => {
    const json = expect.stringMatching(/^application\/json/);
    expect(await answers(await start(adapter, { format: 'problem' }))).toEqual([
      ['revoke', json, expect.objectContaining({ ...OAUTH, status: 400, title: 'Bad Request' })],
      ['introspect', json, expect.objectContaining(OAUTH)],
      [
        'verify',
        expect.stringMatching(/^application\/problem\+json/),
        expect.not.objectContaining({ error: expect.anything() }),
      ],
    ]);
  });

  it('is refused in the format of the application, if it sets one', async () => {
    const told = await answers(await start(adapter, { body: ({ errorCode }) => ({ code: errorCode }) }));
    expect(told.map(([, , body]) => body)).toEqual([1, 2, 3].map(() => ({ code: 'invalid_request' })));
  });
});

describe.each(ADAPTERS)('a revocation that cannot be written on %s', (adapter) => {
  it.each(['accessToken', 'refreshToken'] as const)(
    'is answered with 503, and the %s still exists (RFC 7009 §2.2.1)',
    async (name) => {
      const stores = new SwitchedStores();
      const app = await startRecordingApp(adapter, { structure: { stores: stores.recipe() } });
      running.push(app);
      const token = (await app.signIn())[name];
      const revoke = () => app.fetch('/auth/token/revoke', { method: 'POST', body: new URLSearchParams({ token }) });
      const kind = name === 'accessToken' ? 'access' : 'refresh';
      stores.mood = 'broken';
      const answer = await revoke();
      expect([answer.status, answer.headers.has('retry-after')]).toEqual([503, true]);
      stores.mood = 'well';
      await expect(app.tokens.verify(token, { kind })).resolves.toMatchObject({ subject: { id: 'ada' } });
      expect((await revoke()).status).toBe(200);
      await expect(app.tokens.verify(token, { kind })).rejects.toMatchObject({ code: 'token_revoked' });
    },
  );
});

describe('the document of such routes', () => {
  it('names plain JSON beside problem details', async () => {
    const { app } = await start('fastify', { format: 'problem' });
    const document = describeAuth(app, () => SwaggerModule.createDocument(app, new DocumentBuilder().build()));
    const typesOf = (route: string): string[] => {
      const refusal = document.paths[`/auth/token/${route}`]?.post?.responses['400'];
      return Object.keys((refusal !== undefined && 'content' in refusal ? refusal.content : undefined) ?? {});
    };
    const both = ['application/problem+json', 'application/json'];
    expect([typesOf('revoke'), typesOf('introspect')]).toEqual([both, both]);
    expect(typesOf('verify')).toEqual(['application/problem+json']);
  });
});
