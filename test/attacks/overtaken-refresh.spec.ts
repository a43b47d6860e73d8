// A cookie refresh that loses a race. The winner may have set new cookies in this browser, so the response to the loser clears none.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { LoginStore } from 'nestjs-latchkey/stores';
import type { AuthEvent } from 'nestjs-latchkey/events';
import { FixedClock } from 'nestjs-latchkey/testing';
import { decodeJwt } from 'jose';
import { ADAPTERS } from '../support/applications.js';
import type { CookieJar } from '../support/cookie-jar.js';
import { ISSUER, PASSWORD, type People, type RecordingApp } from '../support/recording-app.js';
import { ACCESS, REFRESH, signedInBrowser, startRecordingBrowserApp } from '../support/recording-browser-app.js';

const LOGIN = '/auth/cookie/login';
const ROUTE = '/auth/cookie/refresh';
const CREDENTIALS = { username: 'ada', password: PASSWORD };
const ADA = { id: 'ada', active: true, stamp: '1', roles: [], scopes: ['read'] };

interface Overtaking {
  readonly app: RecordingApp;
  readonly jar: CookieJar;
  readonly clock: FixedClock;
}

const forget = ({ app, jar }: Overtaking) =>
  app.app.get(LoginStore).end(ISSUER, String(decodeJwt(jar.value(REFRESH) ?? '')['sid']));

const overtakings: readonly (readonly [string, string, (overtaking: Overtaking) => Promise<unknown>])[] = [
  ['another tab, longer ago than the grace', 'refresh_reused', ({ jar, clock }) => refreshedLongAgo(jar, clock)],
  ['a new sign-in of the browser', 'token_revoked', ({ jar }) => jar.post(LOGIN, CREDENTIALS)],
  ['the end of its sign-in', 'refresh_unknown', forget],
  ['a new password', 'token_superseded', async ({ app }) => changed(app.people, { stamp: '2' })],
  ['the end of its user', 'user_not_found', async ({ app }) => app.people.all.delete('ada')],
];

async function refreshedLongAgo(jar: CookieJar, clock: FixedClock): Promise<void> {
  await jar.post(ROUTE);
  clock.advance('10s');
}

function changed(people: People, changes: object = {}): void {
  people.all.set('ada', { ...ADA, ...changes });
}

/** A refresh as this browser would send it now, to be sent later. */
async function refreshAsOfNow(app: RecordingApp, jar: CookieJar): Promise<() => Promise<Response>> {
  const csrf = { 'x-csrf-token': await jar.csrfToken() };
  const headers = { cookie: jar.headerFor(ROUTE), ...csrf };
  return () => app.fetch(ROUTE, { method: 'POST', headers });
}

const refusals = (events: readonly AuthEvent[]) =>
  events.flatMap((event) => (event.type === 'refresh_refused' ? event.code : []));

describe.each(ADAPTERS)('a cookie refresh that lost a race, on %s', (adapter) => {
  const clock = new FixedClock();
  let app: RecordingApp;
  let jar: CookieJar;
  beforeAll(async () => {
    app = await startRecordingBrowserApp(adapter, { structure: { clock } });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    changed(app.people);
    jar = await signedInBrowser(app);
    app.events.length = 0;
  });

  it.each(overtakings)('by %s, is refused as %s and clears no cookie', async (_, code, overtake) => {
    const late = await refreshAsOfNow(app, jar);
    await overtake({ app, jar, clock });
    const answer = await late();
    expect([answer.status, refusals(app.events)]).toEqual([401, [code]]);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('leaves the cookies of a sign-in alone that finished first', async () => {
    const late = await refreshAsOfNow(app, jar);
    // The user is looked up after the old login was verified, and before its token is replaced.
    app.people.findBySubject = async () => {
      Reflect.deleteProperty(app.people, 'findBySubject');
      await jar.post(LOGIN, CREDENTIALS);
      return app.people.of('ada');
    };
    const answer = await late();
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([401, []]);
    expect((await jar.send('/me')).status).toBe(200);
    expect((await jar.post(ROUTE)).status).toBe(204);
  });

  it('differs from a refresh whose login has expired, which clears its cookies', async () => {
    const late = await refreshAsOfNow(app, jar);
    clock.advance('15d');
    const answer = await late();
    expect([answer.status, refusals(app.events)]).toEqual([401, ['refresh_expired']]);
    const cleared = answer.headers.getSetCookie().filter((line) => /max-age=0/i.test(line));
    expect(cleared.map((line) => line.split('=')[0])).toEqual(expect.arrayContaining([ACCESS, REFRESH]));
  });
});
