// What dashboards of edx-drf-extensions read: every attribute that still has a meaning, in the event and on the span of
// the request, with one issuer and with two.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authenticateEarly } from 'nestjs-latchkey/browser';
import { observeAuth } from 'nestjs-latchkey/opentelemetry';
import { ADAPTERS } from '../support/applications.js';
import type { CookieJar, Sending } from '../support/cookie-jar.js';
import { ISSUING, Scene } from '../support/issuing.js';
import { Telemetry } from '../support/telemetry.js';

type Attributes = Readonly<Record<string, unknown>>;

/** A request, and what its span must say. */
interface Row {
  readonly title: string;
  readonly session?: string;
  readonly cookie?: (scene: Scene) => Promise<string>;
  /** The whole header. */
  readonly header?: (scene: Scene) => Promise<string>;
  readonly before?: (scene: Scene) => unknown;
  readonly status: number;
  readonly expected: (scene: Scene) => Attributes;
  /** Attributes that must not be there. */
  readonly absent?: readonly string[];
}

const MISMATCH = ['latchkey.cookie_subject', 'latchkey.cookie_issuer', 'latchkey.session_subject'];
const bearer = async (token: Promise<string>): Promise<string> => `Bearer ${await token}`;

const ROWS: readonly Row[] = [
  {
    title: 'a good header: caller, issuer, kind and key, and the early user',
    header: (scene) => bearer(scene.token('ada')),
    status: 200,
    expected: (scene) => ({
      'latchkey.outcome': 'success',
      'latchkey.scheme': 'bearer',
      'latchkey.kind': 'user',
      'latchkey.issuer': scene.issuer,
      'latchkey.carried': ['bearer'],
      'latchkey.conflicting': false,
      'latchkey.key.alg': scene.lms === undefined ? expect.any(String) : 'RS512',
      'latchkey.key.id': scene.lms === undefined ? expect.any(String) : 'lms-1',
      'latchkey.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
      'latchkey.early.outcome': 'success',
      'latchkey.early.scheme': 'bearer',
      'enduser.id': scene.idOf('ada'),
    }),
    absent: ['latchkey.code', 'latchkey.cookie_issue', 'latchkey.claimed_issuer', ...MISMATCH],
  },
  {
    title: 'a forged header: code and the issuer that it claims, and no key',
    header: (scene) => bearer(scene.token('ada', 'forged')),
    status: 401,
    expected: (scene) => ({
      'latchkey.outcome': 'rejected',
      'latchkey.code': 'token_invalid',
      'latchkey.claimed_issuer': scene.issuer,
      'latchkey.early.outcome': 'rejected',
      'latchkey.early.scheme': 'bearer',
    }),
    absent: ['enduser.id', 'latchkey.issuer', 'latchkey.key.alg', 'latchkey.key.id'],
  },
  {
    title: 'a header of an issuer that is not trusted',
    header: (scene) => bearer(scene.token('ada', 'foreign')),
    status: 401,
    expected: () => ({ 'latchkey.outcome': 'rejected', 'latchkey.code': 'invalid_issuer' }),
    absent: ['latchkey.claimed_issuer', 'latchkey.issuer'],
  },
  {
    title: 'a header for others',
    header: async () => 'Basic YTpi',
    status: 401,
    expected: () => ({
      'latchkey.outcome': 'not_applicable',
      'latchkey.foreign_scheme': 'basic',
      'latchkey.carried': [],
      'latchkey.early.outcome': 'not_applicable',
    }),
    absent: ['latchkey.early.scheme'],
  },
  {
    title: 'a stale cookie that a session made up for: what was forgiven',
    session: 'ada',
    cookie: (scene) => scene.token('ada', 'expired'),
    status: 200,
    expected: () => ({
      'latchkey.outcome': 'success',
      'latchkey.scheme': 'session',
      'latchkey.forgiven': ['cookie:token_expired'],
      'latchkey.carried': ['cookie', 'session'],
      'latchkey.conflicting': true,
      'latchkey.early.outcome': 'success',
      'latchkey.early.scheme': 'session',
    }),
    absent: MISMATCH,
  },
  {
    title: 'a good cookie and a session of another user: both users',
    session: 'bob',
    cookie: (scene) => scene.token('ada'),
    status: 401,
    expected: (scene) => ({
      'latchkey.outcome': 'user_mismatch_enforced',
      'latchkey.code': 'session_user_mismatch',
      'latchkey.cookie_subject': scene.idOf('ada'),
      'latchkey.cookie_issuer': scene.issuer,
      'latchkey.session_subject': 'bob',
      'latchkey.early.outcome': 'user_mismatch_enforced',
    }),
    absent: ['latchkey.cookie_issue'],
  },
  {
    title: 'a cookie that is no token',
    cookie: (scene) => scene.token('ada', 'noise'),
    status: 401,
    expected: () => ({ 'latchkey.outcome': 'forgiven', 'latchkey.cookie_issue': 'malformed' }),
    absent: MISMATCH,
  },
  {
    title: 'a cookie of an issuer that is not trusted',
    cookie: (scene) => scene.token('ada', 'foreign'),
    status: 401,
    expected: () => ({
      'latchkey.outcome': 'forgiven',
      'latchkey.code': 'invalid_issuer',
      'latchkey.cookie_issue': 'unknown_issuer',
      'latchkey.early.outcome': 'forgiven',
    }),
    absent: MISMATCH,
  },
  {
    title: 'a cookie that names no user',
    cookie: (scene) => scene.token('ada', 'unnamed'),
    status: 401,
    expected: () => ({ 'latchkey.outcome': 'forgiven', 'latchkey.cookie_issue': 'missing_subject' }),
  },
  {
    title: 'users that cannot be looked up',
    header: (scene) => bearer(scene.token('ada')),
    before: (scene) => (scene.usersDown = true),
    status: 503,
    expected: () => ({
      'latchkey.outcome': 'unavailable',
      'latchkey.code': 'users_unavailable',
      'latchkey.early.outcome': 'unavailable',
    }),
    absent: ['enduser.id'],
  },
];

describe.each(ADAPTERS.flatMap((adapter) => ISSUING.map((issuing) => [adapter, issuing.name, issuing] as const)))(
  'the attributes of monitoring on %s with %s',
  (adapter, _, issuing) => {
    let telemetry: Telemetry;
    let scene: Scene;
    let stop: () => void;
    beforeAll(async () => {
      telemetry = new Telemetry();
      stop = observeAuth({ endUserId: true });
      scene = await Scene.open(adapter, issuing, {
        configure: (app) => {
          telemetry.watch(app);
          authenticateEarly(app);
        },
      });
    });
    afterAll(async () => {
      stop();
      await scene.close();
      await telemetry.close();
    });

    /** Sends it, and returns what its span says. */
    async function spanOf(jar: CookieJar, sending: Sending): Promise<{ status: number; attributes: Attributes }> {
      await telemetry.spans();
      const { status } = await jar.send('/account', sending);
      return { status, attributes: (await telemetry.spans()).at(-1)?.attributes ?? {} };
    }

    it.each(ROWS)('tell of $title', async ({ session, cookie, header, before, status, expected, absent = [] }) => {
      const jar = await scene.browser(session, await cookie?.(scene));
      const headers = header === undefined ? {} : { authorization: await header(scene) };
      before?.(scene);
      const seen = await spanOf(jar, { headers });
      scene.usersDown = false;
      expect(seen).toEqual({ status, attributes: expect.objectContaining(expected(scene)) });
      expect(Object.keys(seen.attributes).filter((name) => absent.includes(name))).toEqual([]);
    });

    it('name no user without the option', async () => {
      stop();
      stop = observeAuth();
      const { attributes } = await spanOf(await scene.browser('bob', await scene.token('ada')), {});
      expect(attributes).toMatchObject({ 'latchkey.outcome': 'user_mismatch_enforced' });
      expect(Object.keys(attributes).filter((name) => ['enduser.id', ...MISMATCH].includes(name))).toEqual([]);
    });

    it('count the keys of another issuer while they change', async () => {
      if (scene.lms === undefined) return expect(await keysOf(scene.issuer)).toBeUndefined();
      expect(await keysOf(scene.issuer)).toBe(1);
      scene.lms.rotate();
      scene.clock.advance('1m');
      const headers = { authorization: `Bearer ${await scene.token('ada')}` };
      expect((await scene.running.fetch('/account', { headers })).status).toBe(200);
      expect(await keysOf(scene.issuer)).toBe(2);
    });

    const keysOf = async (issuer: string): Promise<number | undefined> =>
      (await telemetry.points()).find(
        (point) => point.metric === 'latchkey.keys' && point.labels['latchkey.issuer'] === issuer,
      )?.value;
  },
);
