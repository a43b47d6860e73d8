// What the opentelemetry door reports to the real SDK, in memory.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { observeAuth } from 'nestjs-latchkey/opentelemetry';
import { TokenFactory } from 'nestjs-latchkey/testing';
import { ADAPTERS } from '../support/applications.js';
import { CookieJar } from '../support/cookie-jar.js';
import { PASSWORD, startSecretsApp, secrets, type SecretsApp } from '../support/secrets-app.js';
import { SecretsFlows } from '../support/secrets-flows.js';
import { wholeText } from '../support/secrets.js';
import { Telemetry, type Point } from '../support/telemetry.js';

const FLOWS: readonly (readonly [metric: string, unit: string, labels: object])[] = [
  ['latchkey.attempts', '{attempt}', { 'latchkey.outcome': 'success', 'latchkey.scheme': 'bearer' }],
  ['latchkey.attempts', '{attempt}', { 'latchkey.outcome': 'success', 'latchkey.scheme': 'cookie' }],
  ['latchkey.attempts', '{attempt}', { 'latchkey.outcome': 'success', 'latchkey.scheme': 'session' }],
  ['latchkey.attempts', '{attempt}', { 'latchkey.outcome': 'rejected', 'latchkey.scheme': 'bearer' }],
  ['latchkey.refusals', '{refusal}', { 'error.type': 'token_expired' }],
  ['latchkey.refusals', '{refusal}', { 'error.type': 'invalid_credentials' }],
  ['latchkey.refusals', '{refusal}', { 'error.type': 'refresh_reused' }],
  ['latchkey.sign_ins', '{sign_in}', { 'latchkey.outcome': 'opened' }],
  ['latchkey.sign_ins', '{sign_in}', { 'latchkey.outcome': 'refused' }],
  ['latchkey.refreshes', '{refresh}', { 'latchkey.outcome': 'rotated' }],
  ['latchkey.refreshes', '{refresh}', { 'latchkey.outcome': 'retry' }],
  ['latchkey.refreshes', '{refresh}', { 'latchkey.outcome': 'reused' }],
  ['latchkey.revocations', '{entry}', { 'latchkey.kind': 'token' }],
  ['latchkey.revocations', '{entry}', { 'latchkey.kind': 'login' }],
  ['latchkey.store.duration', 's', { 'latchkey.store': 'revocations' }],
  ['latchkey.store.duration', 's', { 'latchkey.store': 'logins' }],
  ['latchkey.store.duration', 's', { 'latchkey.store': 'revocations', 'error.type': 'store_unavailable' }],
  ['latchkey.store.outages', '{outage}', { 'latchkey.store': 'revocations' }],
];

describe.each(ADAPTERS)('observeAuth on %s', (adapter) => {
  let telemetry: Telemetry;
  let app: SecretsApp;
  let stop: () => void;
  let points: readonly Point[];
  let issuer: string;
  beforeAll(async () => {
    telemetry = new Telemetry();
    stop = observeAuth();
    app = await startSecretsApp(adapter, {}, (running) => void running.use(telemetry.middleware));
    issuer = app.issuer.url;
    await new SecretsFlows(app).driveAll();
    points = await telemetry.points();
  }, 120_000);
  afterAll(async () => {
    stop();
    await app.close();
    await telemetry.close();
  });

  it.each(FLOWS)('counts %s in %s with %j', (metric, unit, labels) => {
    const found = points.filter((point) => point.metric === metric && wholeText(point.labels) === wholeText(labels));
    expect(found).toEqual([expect.objectContaining({ unit })]);
    expect(found[0]?.value).toBeGreaterThan(0);
  });

  it('counts fetches of key sets and the keys in them, by issuer', () => {
    const of = (metric: string, labels: object) =>
      points.find((point) => point.metric === metric && wholeText(point.labels) === wholeText(labels))?.value;
    const label = { 'latchkey.issuer': issuer };
    expect(of('latchkey.key_set.fetches', { ...label, 'latchkey.outcome': 'fetched' })).toBeGreaterThan(0);
    expect(of('latchkey.key_set.fetches', { ...label, 'latchkey.outcome': 'failed' })).toBeGreaterThan(0);
    expect(of('latchkey.keys', label)).toBe(1);
  });

  it('uses only codes and configured names as labels, so that their number is bounded', () => {
    expect(points.length).toBeLessThan(100);
    const labels = new Set(points.flatMap((point) => Object.keys(point.labels)));
    const known = ['outcome', 'scheme', 'kind', 'store', 'issuer'].map((name) => `latchkey.${name}`);
    expect([...labels].sort()).toEqual(['error.type', ...known].sort());
    for (const value of points.flatMap((point) => Object.values(point.labels)))
      expect([issuer, 'https://doors.test'].includes(String(value)) || /^[a-z_]{3,40}$/.test(String(value))).toBe(true);
  });

  it('records on the span of the request how its attempt ended, and its user only by option', async () => {
    const attributes = (await telemetry.spans()).map((span) => span.attributes);
    expect(attributes).toContainEqual(
      expect.objectContaining({ 'latchkey.outcome': 'success', 'latchkey.scheme': 'bearer' }),
    );
    expect(attributes).toContainEqual(
      expect.objectContaining({ 'latchkey.outcome': 'rejected', 'latchkey.code': 'token_expired' }),
    );
    expect(attributes.filter((each) => 'enduser.id' in each)).toEqual([]);
  });

  it('records on the span why a credential was refused, by which key and issuer', async () => {
    const token = await TokenFactory.of(app.app).expired('ada');
    await app.fetch('/doors', { headers: { authorization: `Bearer ${token}` } });
    await app.fetch('/doors', { headers: { authorization: 'Basic YTpi' } });
    const [refused, foreign] = (await telemetry.spans()).slice(-2).map((span) => span.attributes);
    expect(refused).toMatchObject({
      'latchkey.code': 'token_expired',
      'latchkey.reason.claim': 'exp',
      'latchkey.reason.rule': 'must be in the future',
      'latchkey.claimed_issuer': 'https://doors.test',
      'latchkey.conflicting': false,
      'latchkey.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
    expect(foreign).toMatchObject({ 'latchkey.outcome': 'not_applicable', 'latchkey.foreign_scheme': 'basic' });
  });

  it('puts no secret on a span or into a metric', async () => {
    const spans = (await telemetry.spans()).map(({ name, attributes, events, status }) => ({
      name,
      attributes,
      events,
      status,
    }));
    const told = wholeText([...spans, ...points]);
    expect(told).toContain('latchkey.sign_in_refused');
    expect(secrets.leaksIn('telemetry', told)).toEqual([]);
  });

  it('records the caller as enduser.id by option', async () => {
    const stopNaming = observeAuth({ endUserId: true });
    const token = await app.tokenOf('ada');
    await app.fetch('/doors', { headers: { authorization: `Bearer ${token}` } });
    stopNaming();
    const named = (await telemetry.spans()).filter((span) => span.attributes['enduser.id'] === 'ada');
    expect(named).toHaveLength(1);
  });

  it('records both users of a mismatch by option alone', async () => {
    const jar = new CookieJar(app);
    await jar.post('/auth/session/login', { username: 'grace', password: PASSWORD });
    const token = await app.tokenOf('ada');
    const seen = [];
    for (const endUserId of [false, true]) {
      const stopNaming = endUserId ? observeAuth({ endUserId }) : () => {};
      jar.plant('__Host-access', token);
      await jar.send('/doors');
      stopNaming();
      seen.push((await telemetry.spans()).at(-1)?.attributes);
    }
    const users = { 'latchkey.cookie_subject': 'ada', 'latchkey.session_subject': 'grace' };
    expect(seen[0]).toMatchObject({ 'latchkey.outcome': 'user_mismatch_enforced' });
    expect(seen[0]).not.toHaveProperty(['latchkey.cookie_subject']);
    expect(seen[1]).toMatchObject({ ...users, 'latchkey.cookie_issuer': 'https://doors.test' });
  });
});
