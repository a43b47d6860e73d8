// `errors.detail: 'generic'` with one issuer and with two: nothing in an answer tells which check a credential failed; events do.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADAPTERS } from '../support/applications.js';
import { ISSUING, Scene } from '../support/issuing.js';

/** The same token, which says that it was signed with another key. */
function namingAnUnknownKey(token: string): string {
  const [header = '', ...rest] = token.split('.');
  const members = JSON.parse(Buffer.from(header, 'base64url').toString()) as object;
  return [Buffer.from(JSON.stringify({ ...members, kid: 'unknown' })).toString('base64url'), ...rest].join('.');
}

const TOKENS: readonly (readonly [what: string, code: string, make: (scene: Scene) => Promise<string>])[] = [
  ['a bad signature', 'token_invalid', (scene) => scene.token('ada', 'forged')],
  ['an unknown key', 'unknown_key', async (scene) => namingAnUnknownKey(await scene.token('ada'))],
  ['a wrong issuer', 'invalid_issuer', (scene) => scene.token('ada', 'foreign')],
  ['a wrong audience', 'invalid_audience', (scene) => scene.token('ada', 'good', { aud: 'others' })],
  ['an expiry in the past', 'token_expired', (scene) => scene.token('ada', 'expired')],
  ['no shape of a token', 'token_malformed', (scene) => scene.token('ada', 'noise')],
  ['an inactive user', 'user_disabled', (scene) => scene.token('lin')],
];

describe.each(ADAPTERS.flatMap((adapter) => ISSUING.map((issuing) => [adapter, issuing.name, issuing] as const)))(
  "errors.detail: 'generic' on %s with %s",
  (adapter, _, issuing) => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await Scene.open(adapter, issuing, { errors: { detail: 'generic' } });
    });
    afterAll(() => scene.close());

    it.each(TOKENS)('says of %s no more than of any other, and %s in the event', async (_what, code, make) => {
      const token = await make(scene);
      const jar = await scene.browser(undefined, token);
      const answers = [
        await scene.running.fetch('/account', { headers: { authorization: `Bearer ${token}` } }),
        await jar.send('/account'),
      ];
      for (const answer of answers) {
        expect([answer.status, await answer.json()]).toEqual([
          401,
          {
            statusCode: 401,
            message: 'Sign in to use this resource.',
            error: 'Unauthorized',
            errorCode: 'unauthenticated',
          },
        ]);
        expect(answer.headers.get('www-authenticate')).not.toContain('description');
      }
      scene.attempts.forget();
      await scene.running.fetch('/account', { headers: { authorization: `Bearer ${token}` } });
      expect(scene.attempts.only().code).toBe(code);
    });

    it('gives the same challenge for each of them', async () => {
      const challenges = new Set<string | null>();
      for (const [, , make] of TOKENS) {
        const headers = { authorization: `Bearer ${await make(scene)}` };
        challenges.add((await scene.running.fetch('/account', { headers })).headers.get('www-authenticate'));
      }
      expect([...challenges]).toEqual([expect.stringMatching(/^[^,]+realm="api", error="invalid_token"/)]);
    });
  },
);
