// A service with sign-in routes of its own beside an Open edX LMS: two issuers, two kinds of cookies, one set of routes.
import { generateKeyPairSync } from 'node:crypto';
import { Controller, Get, Injectable, Post, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AllowClients,
  AllowRestrictedClients,
  Authorize,
  CurrentPrincipal,
  LoginService,
  RequireFilter,
  RequireRecentAuth,
  RequireScopes,
  SessionOrJwtGuard,
  TokenClaims,
  TokenService,
  type Principal,
  type Verified,
} from 'nestjs-latchkey';
import { csrfController } from 'nestjs-latchkey/controllers';
import { ExternalUserSource, openEdx, openVerifier } from 'nestjs-latchkey/issuers';
import { isRestricted } from 'nestjs-latchkey/policies';
import { FixedClock } from 'nestjs-latchkey/testing';
import { ADAPTERS, type RunningApplication } from '../support/applications.js';
import { PASSWORD, People, startBrowserApp, type BrowserAppOptions, type Person } from '../support/browser-app.js';
import { CookieJar } from '../support/cookie-jar.js';
import { LMS_COOKIES, startLms, type Lms, type LmsTokenOptions } from '../support/lms.js';

/** The learners of the LMS are users of ours, found by a name that the LMS never gives twice. */
@Injectable()
class Learners extends ExternalUserSource<Person> {
  constructor(private readonly people: People) {
    super();
  }

  override async resolve({ claims }: Verified) {
    return this.people.all.get(String(claims['preferred_username']));
  }

  override describe({ id, active }: Person) {
    return { id, active };
  }
}

@UseGuards(SessionOrJwtGuard)
@Controller('lms')
class CourseController {
  @Get('me') me(@CurrentPrincipal() { user, own, scheme, scopes, restricted }: Principal) {
    return { user: (user as unknown as Person | undefined)?.id, own, scheme, scopes, restricted };
  }

  @Get('claims') claims(@TokenClaims() { version, filters, grant_type: grant }: Record<string, unknown>) {
    return { version, filters, grant };
  }

  @RequireScopes('grades:read') @Get('grades') grades() {
    return {};
  }

  @Post('notes') note(@CurrentPrincipal() { own }: Principal) {
    return { own };
  }

  /** What `JwtRestrictedApplication` was. */
  @AllowClients()
  @AllowRestrictedClients()
  @Authorize(isRestricted)
  @Get('restricted')
  restricted() {
    return {};
  }

  @RequireRecentAuth('5m') @Get('recent') recent() {
    return {};
  }

  @AllowClients()
  @AllowRestrictedClients()
  @RequireFilter('content_org', ({ request }) => request.param('org'))
  @Get('orgs/:org')
  org() {
    return {};
  }
}

const authorization = (token: string, scheme = 'JWT'): RequestInit => ({
  headers: { authorization: `${scheme} ${token}` },
});

describe.each(ADAPTERS)('A service beside an LMS on %s', (adapter) => {
  const clock = new FixedClock();
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  let lms: Lms;
  let running: RunningApplication;
  beforeAll(async () => {
    lms = await startLms(() => clock.nowSeconds());
    lms.rotate();
    const options: BrowserAppOptions = {
      structure: { clock, externalUsers: Learners as never },
      keys,
      trust: [openEdx(lms.trust)],
      header: { schemes: ['JWT', 'Bearer'] },
      cookies: { external: LMS_COOKIES },
      access: { version: '1.2.0' },
      controllers: [CourseController],
      providers: [Learners],
    };
    running = await startBrowserApp(adapter, options);
  });
  afterAll(async () => {
    await running?.close();
    await lms?.close();
  });

  const answered = async (path: string, init?: RequestInit) => {
    const answer = await running.fetch(path, init);
    const body = (await answer.json()) as { errorCode?: string };
    return answer.ok ? body : `${answer.status} ${body.errorCode}`;
  };
  const own = () => running.app.get(TokenService);
  const me = (token: string, scheme?: string) => answered('/lms/me', authorization(token, scheme));
  /** A browser that signed in at the LMS, whose pages share its domain with ours. */
  const browserOf = (token: string, application = running): CookieJar => {
    const jar = new CookieJar(application);
    const dot = token.lastIndexOf('.');
    jar.plant(LMS_COOKIES.payload, token.slice(0, dot));
    jar.plant(LMS_COOKIES.signature, token.slice(dot + 1));
    return jar;
  };

  it('accepts tokens without a key id of both keys of a rotation, and of no third one', async () => {
    const scopes = ['email', 'profile'];
    for (const by of ['lms-1', 'lms-2'])
      expect(await me(lms.token('ada', { by }))).toEqual({
        user: 'ada',
        own: false,
        scheme: 'bearer',
        scopes,
        restricted: false,
      });
    expect(lms.asked()).toBe(1);
    const stranger = await startLms(() => clock.nowSeconds());
    const forged = stranger.token('ada', { claims: { iss: lms.issuer } });
    await stranger.close();
    // The key could be a new one, until the LMS was asked after the token was presented.
    clock.advance('1s');
    expect(await me(forged)).toBe('503 keys_unavailable');
    clock.advance('31s');
    expect(await me(forged)).toBe('401 token_invalid');
    expect(await me(lms.token('ada', { header: { kid: 'lms-1' }, by: 'lms-2' }))).toBe('401 token_invalid');
  });

  it('reads the claims of its tokens as they are: a list of scopes, version, filters, grant', async () => {
    const token = lms.token('ada', { scopes: ['grades:read', 'user_id'], filters: ['content_org:acme'] });
    expect(await answered('/lms/grades', authorization(token))).toEqual({});
    expect(await answered('/lms/claims', authorization(token))).toEqual({
      version: '1.2.0',
      filters: ['content_org:acme'],
      grant: 'password',
    });
    expect(await answered('/lms/grades', authorization(lms.token('ada')))).toBe('403 insufficient_scope');
    const older = { version: undefined, filters: undefined, is_restricted: undefined };
    expect(await answered('/lms/claims', authorization(lms.token('ada', { claims: older })))).toEqual({
      filters: [],
      grant: 'password',
    });
  });

  it.each<[string, LmsTokenOptions, string]>([
    ['of a version that is not understood', { claims: { version: '2.0.0' } }, '401 unsupported_token_version'],
    ['that is expired', { expiresIn: -60 }, '401 token_expired'],
    ['for another service', { claims: { aud: 'another' } }, '401 invalid_audience'],
    ['of a restricted application', { restricted: true }, '403 restricted_client'],
    ['of client credentials', { grantType: 'client_credentials' }, '403 client_not_allowed'],
    ['of a learner who is unknown here', { claims: { preferred_username: 'eve' } }, '401 token_invalid'],
  ])('refuses a token %s', async (_, options, refusal) => {
    expect(await me(lms.token('ada', options))).toBe(refusal);
  });

  it('keeps its own users apart from those of the LMS', async () => {
    const { accessToken } = await own().issue('bob');
    expect(await me(accessToken, 'Bearer')).toMatchObject({ user: 'bob', own: true });
    expect(await me(lms.token('ada'))).toMatchObject({ user: 'ada', own: false });
    expect(await me(lms.token('bob', { claims: { sub: 'ada' } }))).toMatchObject({ user: 'bob', own: false });
  });

  it('reads both halves of the cookie of the LMS by their exact names, and never writes them', async () => {
    const jar = browserOf(lms.token('ada'));
    const read = await jar.send('/lms/me');
    expect([read.status, await read.json()]).toEqual([200, expect.objectContaining({ user: 'ada', scheme: 'cookie' })]);
    const unprotected = await jar.send('/lms/notes', { method: 'POST' });
    expect([unprotected.status, unprotected.headers.getSetCookie()]).toEqual([403, []]);
    expect((await jar.post('/lms/notes')).status).toBe(201);
    const stale = browserOf(lms.token('ada', { expiresIn: -60 }));
    const refused = await stale.send('/lms/me');
    expect(refused.status).toBe(401);
    expect(refused.headers.getSetCookie().join()).not.toContain('edx-jwt-cookie');
  });

  it('takes one half alone, and the whole token in one cookie, for no credential', async () => {
    const token = lms.token('ada');
    for (const name of Object.values(LMS_COOKIES)) {
      const jar = browserOf(token);
      jar.cookies.delete(name);
      expect((await jar.send('/lms/me')).status).toBe(401);
    }
    const cookie = `edx-jwt-cookie=${token}; __Host-edx-jwt-cookie-payload=${token}`;
    expect(await answered('/lms/me', { headers: { cookie } })).toBe('401 unauthenticated');
    const [half] = lms.cookie(token).split('; ');
    expect(await answered('/lms/me', { headers: { cookie: `${lms.cookie(token)}; ${half}` } })).toBe(
      '400 ambiguous_credentials',
    );
  });

  it('prefers its own cookie to that of the LMS', async () => {
    const jar = browserOf(lms.token('ada'));
    await jar.post('/auth/cookie/login', { username: 'bob', password: PASSWORD });
    expect(await (await jar.send('/lms/me')).json()).toMatchObject({ user: 'bob', own: true });
  });

  it('opens a route of restricted applications to them alone', async () => {
    const restricted = { restricted: true, grantType: 'client_credentials' } as const;
    expect(await answered('/lms/restricted', authorization(lms.token('ada', restricted)))).toEqual({});
    expect(await answered('/lms/restricted', authorization(lms.token('ada', { restricted: true })))).toEqual({});
    expect(await answered('/lms/restricted', authorization(lms.token('ada')))).toBe('403 forbidden');
    const { accessToken } = await own().issue('bob');
    expect(await answered('/lms/restricted', authorization(accessToken))).toBe('403 forbidden');
    const session = new CookieJar(running);
    await session.post('/auth/session/login', { username: 'bob', password: PASSWORD });
    expect((await session.send('/lms/restricted')).status).toBe(403);
    expect(await answered('/lms/restricted')).toBe('401 unauthenticated');
  });

  it('issues tokens for restricted applications of its own, with the same limits as those of the LMS', async () => {
    const limits = { restricted: true, filters: ['content_org:acme'] };
    const pair = await own().issue('bob', limits);
    const alone = await own().issueAccess('bob', limits);
    const renewed = await own().refresh(pair.refreshToken);
    const tokens = [pair, renewed, alone].map(({ accessToken }) => accessToken);
    for (const token of [...tokens, lms.token('ada', limits)]) {
      expect(await me(token)).toBe('403 restricted_client');
      expect(await answered('/lms/restricted', authorization(token))).toEqual({});
      expect(await answered('/lms/orgs/acme', authorization(token))).toEqual({});
      expect(await answered('/lms/orgs/other', authorization(token))).toBe('403 filter_mismatch');
    }
    await expect(own().issue('bob', { filters: ['acme'] })).rejects.toThrow("write 'kind:value'");
  });

  it('issues an access token alone for a job: no login, no recent sign-in, and an end of its own', async () => {
    const logins = running.app.get(LoginService);
    const subject = own().subjectOf('bob');
    const before = await logins.list(subject);
    const { accessToken, ...facts } = await own().issueAccess('bob', { scopes: ['grades:read'], accessTtl: '1m' });
    expect(facts).toMatchObject({ expiresIn: 60, subject, scopes: ['grades:read'] });
    expect(await me(accessToken)).toMatchObject({ user: 'bob', own: true, scopes: ['grades:read'] });
    expect(await logins.list(subject)).toEqual(before);
    expect(await answered('/lms/recent', authorization(accessToken))).toBe('401 reauthentication_required');
    await own().revoke(accessToken);
    expect(await me(accessToken)).toBe('401 token_invalid');
    const another = await own().issueAccess('bob');
    await logins.endAll(subject);
    expect(await me(another.accessToken)).toBe('401 token_invalid');
    await expect(own().issueAccess('lin')).rejects.toMatchObject({ code: 'user_disabled' });
  });

  it('writes a version into its own tokens, and refuses one that it does not understand', async () => {
    const { accessToken } = await own().issue('bob');
    expect(await answered('/lms/claims', authorization(accessToken))).toMatchObject({ version: '1.2.0' });
    await expect(own().issue('bob', { claims: { version: '9.0.0' } })).rejects.toThrow('The claim "version"');
    const later = await startBrowserApp(adapter, { keys, access: { version: '2.0.0' }, structure: { clock } });
    const pair = await later.app.get(TokenService).issue('bob');
    await later.close();
    expect(await me(pair.accessToken)).toBe('401 unsupported_token_version');
    const contradiction = { access: { version: '2.0.0', supportedMajor: 1 } };
    await expect(startBrowserApp(adapter, contradiction)).rejects.toThrow('would refuse its own tokens');
  });

  it('verifies tokens of the LMS over its key set without an application', async () => {
    const verifier = await openVerifier(openEdx(lms.trust), { clock });
    const verified = await verifier.verify(lms.token('ada', { by: 'lms-1' }));
    expect(verified).toMatchObject({
      subject: { issuer: lms.issuer, id: lms.subject('ada') },
      kind: 'user',
      own: false,
    });
    await expect(verifier.verify(lms.token('ada', { expiresIn: -60 }))).rejects.toMatchObject({
      code: 'token_expired',
    });
    await expect(verifier.verify('a.b.c')).rejects.toMatchObject({ code: 'token_malformed' });
    verifier.close();
    const withKeys = (jwks: ReturnType<Lms['jwks']>) =>
      openVerifier(openEdx({ ...lms.trust, keys: { jwks: { keys: [...jwks.keys] } } }));
    await expect(withKeys({ keys: [] })).rejects.toThrow('no key that could be used');
    await expect(openVerifier([])).rejects.toThrow('trust is empty');
    await expect(openVerifier([openEdx(lms.trust), openEdx(lms.trust)])).rejects.toThrow('twice');
    await expect(openVerifier(openEdx(lms.trust), { clockTolerance: '2m' })).rejects.toThrow('0 to 60 seconds');
  });

  it('serves a front end that fetches CSRF tokens where the LMS has them', async () => {
    const app = await startBrowserApp(adapter, {
      trust: [openEdx(lms.trust)],
      structure: { clock, externalUsers: Learners as never },
      cookies: { external: LMS_COOKIES },
      csrf: { headerName: 'X-CSRFToken' },
      controllers: [CourseController],
      providers: [Learners],
      ready: [csrfController({ path: 'csrf/api/v1/token' })],
    });
    const jar = browserOf(lms.token('ada'), app);
    const { csrfToken } = (await (await jar.send('/csrf/api/v1/token')).json()) as { csrfToken: string };
    const note = (name: string) => jar.send('/lms/notes', { method: 'POST', headers: { [name]: csrfToken } });
    const answers = [await note('x-csrf-token'), await note('x-csrftoken')].map(({ status }) => status);
    await app.close();
    expect(answers).toEqual([403, 201]);
  });
});
