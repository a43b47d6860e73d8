// An LMS that changes its keys while a service beside it runs. Its tokens name no key (no `kid`), so that every key of the set may be theirs.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TokenService } from 'nestjs-latchkey';
import { ADAPTERS } from '../support/applications.js';
import { PASSWORD } from '../support/browser-app.js';
import type { CookieJar } from '../support/cookie-jar.js';
import { ISSUING, Scene } from '../support/issuing.js';
import { LMS_COOKIES, type Lms } from '../support/lms.js';

/** How long a key set is used, because the LMS says nothing about it: `maxAge` of its entry. */
const MAX_AGE = '10m';

describe.each(ADAPTERS)('a service beside an LMS whose keys change, on %s', (adapter) => {
  let scene: Scene;
  let lms: Lms;
  beforeEach(async () => {
    scene = await Scene.open(adapter, ISSUING[1]);
    if (scene.lms === undefined) throw new Error('There is no LMS.');
    lms = scene.lms;
  });
  afterEach(() => scene.close());

  const byHeader = async (token: string): Promise<number> =>
    (await scene.running.fetch('/account', { headers: { authorization: `JWT ${token}` } })).status;
  const byCookie = async (token: string): Promise<number> =>
    (await (await scene.browser(undefined, token)).send('/account')).status;
  const statuses = async (token: string): Promise<readonly number[]> => [await byHeader(token), await byCookie(token)];

  /** A sign-in here: its cookies and tokens, none of which are of the LMS. */
  async function ownSignIn() {
    const jar = await scene.browser(undefined);
    await jar.post('/auth/cookie/login', { username: 'bob', password: PASSWORD });
    const pair = await scene.running.app.get(TokenService).issue(scene.people.of('bob') as never);
    return { jar, ...pair };
  }

  const expectOwnUnaffected = async ({ jar, accessToken, refreshToken }: Awaited<ReturnType<typeof ownSignIn>>) => {
    expect((await jar.send('/account')).status).toBe(200);
    expect((await jar.post('/auth/cookie/refresh')).status).toBe(204);
    expect(await byHeader(accessToken)).toBe(200);
    expect((await scene.running.app.get(TokenService).refresh(refreshToken)).accessToken).toBeDefined();
  };

  it('accepts tokens of the new key without a restart, and those of the old one as long as it is published', async () => {
    const own = await ownSignIn();
    const old = lms.token('ada');
    expect(await statuses(old)).toEqual([200, 200]);
    scene.clock.advance('1m');
    lms.rotate();
    expect(await statuses(lms.token('ada'))).toEqual([200, 200]);
    expect(await statuses(old)).toEqual([200, 200]);
    // One fetch for the first token, and one for the first of the new key.
    expect(lms.asked()).toBe(2);
    await expectOwnUnaffected(own);
  });

  it('answers 503 and keeps the cookies of a token of the new key that comes too early to ask again', async () => {
    const own = await ownSignIn();
    expect(await byHeader(lms.token('ada'))).toBe(200);
    scene.clock.advance('10s');
    lms.rotate();
    const token = lms.token('ada');
    const jar: CookieJar = await scene.browser(undefined, token);
    const early = await jar.send('/account');
    expect([early.status, early.headers.get('retry-after'), early.headers.getSetCookie()]).toEqual([503, '20', []]);
    expect([jar.value(LMS_COOKIES.payload), jar.value(LMS_COOKIES.signature)]).not.toContain(undefined);
    await expectOwnUnaffected(own);
    scene.clock.advance('20s');
    expect((await jar.send('/account')).status).toBe(200);
    expect(await byHeader(token)).toBe(200);
  });

  it('refuses tokens of a withdrawn key once the set is over, also those that it accepted before', async () => {
    const own = await ownSignIn();
    const [seen, unseen] = [lms.token('ada'), lms.token('ada', { claims: { version: '1.1.0' } })];
    lms.rotate();
    expect(await statuses(seen)).toEqual([200, 200]);
    lms.withdraw('lms-1');
    scene.clock.advance('1m');
    // The set is good for a while, which is the bound.
    expect(await statuses(seen)).toEqual([200, 200]);
    scene.clock.advance(MAX_AGE);
    expect(await statuses(seen)).toEqual([401, 401]);
    expect(await statuses(unseen)).toEqual([401, 401]);
    expect(await statuses(lms.token('ada'))).toEqual([200, 200]);
    await expectOwnUnaffected(own);
  });

  it('refuses them before that, if a token asks shortly before the end of the set', async () => {
    const old = lms.token('ada');
    lms.rotate();
    expect(await byHeader(old)).toBe(200);
    lms.withdraw('lms-1');
    scene.clock.advance('9m');
    // It is answered at once, and the set is fetched beside it.
    expect(await byHeader(lms.token('ada'))).toBe(200);
    for (let tries = 0; tries < 100 && lms.asked() < 2; tries += 1) await new Promise((done) => setTimeout(done, 20));
    expect(lms.asked()).toBe(2);
    await new Promise((done) => setTimeout(done, 50));
    expect(await statuses(old)).toEqual([401, 401]);
    expect(await byHeader(lms.token('ada'))).toBe(200);
  });

  it('refuses tokens of a withdrawn key as soon as one of an unknown key made it ask', async () => {
    const old = lms.token('ada');
    expect(await byHeader(old)).toBe(200);
    lms.rotate();
    lms.withdraw('lms-1');
    scene.clock.advance('31s');
    expect(await byHeader(lms.token('ada'))).toBe(200);
    expect(await statuses(old)).toEqual([401, 401]);
  });
});
