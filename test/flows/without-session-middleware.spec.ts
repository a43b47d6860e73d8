// The option `session` without a session of the host: at boot where it can be seen, and else one sentence in the log and no advice
// to try again. Who needs no session is not concerned.
import { afterEach, describe, expect, it } from '@jest/globals';
import { SILENT } from '../support/applications.js';
import { ISSUING, Scene, type Issuing } from '../support/issuing.js';

describe.each(ISSUING)('an application with the option session and no session middleware, with $name', (issuing) => {
  let scene: Scene | undefined;
  afterEach(async () => {
    await scene?.close();
    scene = undefined;
  });

  it('does not start on Fastify, and says what to register', async () => {
    await expect(open('fastify', issuing)).rejects.toThrow(
      /session is set, but requests have no session: register .*@fastify\/session/s,
    );
  });

  it('answers 500 without Retry-After on Express where the session is asked, with one line in the log', async () => {
    const errors: string[] = [];
    scene = await open('express', issuing, errors);
    const cookie = await scene.browser(undefined, await scene.token('ada'));
    const asking = [
      await scene.browser(undefined),
      cookie,
      await scene.browser(undefined, await scene.token('ada', 'forged')),
    ];
    for (const jar of asking) {
      const answer = await jar.send('/account');
      expect([answer.status, answer.headers.get('retry-after'), await answer.json()]).toEqual([
        500,
        null,
        expect.objectContaining({ errorCode: 'misconfigured' }),
      ]);
    }
    expect(errors).toEqual([expect.stringMatching(/^A request has no session.*register express-session/s)]);
    const headers = { authorization: `Bearer ${await scene.token('ada')}` };
    expect((await scene.running.fetch('/account', { headers })).status).toBe(200);
    expect((await cookie.send('/account/jwt')).status).toBe(200);
    expect(errors).toHaveLength(1);
  });
});

function open(adapter: 'express' | 'fastify', issuing: Issuing, errors: string[] = []): Promise<Scene> {
  const log = { ...SILENT, error: (text: unknown) => void errors.push(String(text)) };
  return Scene.open(adapter, issuing, { sessions: false, session: {}, log });
}
