// Drives every flow with marked secrets and searches for them in responses, logs, events and tables.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADAPTERS } from '../support/applications.js';
import { DRIVER, PASSWORD, secrets, startSecretsApp, type SecretsApp } from '../support/secrets-app.js';
import { SecretsFlows } from '../support/secrets-flows.js';
import { wholeText } from '../support/secrets.js';

const INSIDES = /\bat .+:\d+:\d+|node_modules|SELECT |ECONNREFUSED|SQLITE|"stack"/;

describe.each(ADAPTERS)('after every flow, accepted and refused, on %s', (adapter) => {
  let app: SecretsApp;
  let flows: SecretsFlows;
  beforeAll(async () => {
    app = await startSecretsApp(adapter);
    flows = new SecretsFlows(app);
    await flows.driveAll();
  }, 120_000);
  afterAll(() => app.close());

  it('the flows caused every kind of response and every kind of event', () => {
    for (const status of [200, 204, 400, 401, 403, 503]) expect([...flows.statuses.keys()]).toContain(status);
    const told = new Set(app.events.map(({ type }) => type));
    const types = ['attempt', 'sign_in', 'sign_out', 'sign_in_refused', 'refresh', 'refresh_retry', 'refresh_reused'];
    for (const type of [...types, 'refresh_refused', 'revoked', 'key_set_fetched', 'key_set_failed', 'keys_refused'])
      expect([...told]).toContain(type);
    expect(secrets.count).toBeGreaterThan(100);
  });

  it('no event holds a secret', () => {
    expect(app.events.flatMap((event) => secrets.leaksIn(`event ${event.type}`, wholeText(event)))).toEqual([]);
  });

  it('no line of the log holds a secret, at any level', () => {
    expect(app.log.join('\n')).toContain('The new keys were not taken over');
    expect(app.log.filter((line) => line.includes(' was refused with ')).length).toBeGreaterThan(50);
    expect(app.log.flatMap((line) => secrets.leaksIn('log', line))).toEqual([]);
  });

  it('no table holds a secret', async () => {
    const tables = await app.tables();
    for (const told of ['ada', 'refresh_reused', 'sign_in_refused']) expect(tables).toContain(told);
    expect(secrets.leaksIn('tables', tables)).toEqual([]);
  });

  it('no refusal holds a secret, in its body or its headers', () => {
    const leaks = flows.refusals.flatMap(({ request, answer }) =>
      secrets.leaksIn(`${answer.status} to ${request}`, [answer.body, ...[...answer.headers].flat(2)].join('\n')),
    );
    expect(leaks).toEqual([]);
  });

  it('no exception that an error tracker sees holds a secret, neither in its members nor in its causes', () => {
    expect(app.errors().length).toBeGreaterThan(50);
    const leaks = app.errors().flatMap((error) => secrets.leaksIn('exception', wholeText(error)));
    expect(leaks.filter(({ secret }) => secret !== DRIVER)).toEqual([]);
  });

  it('no refusal reveals how the service is built', () => {
    expect(flows.refusals.filter(({ answer }) => INSIDES.test(answer.body))).toEqual([]);
  });
});

describe('the search for secrets', () => {
  it('finds a secret in every place and encoding', () => {
    const hidden = Object.defineProperty(new Error('outer', { cause: { list: [new Map([['a', PASSWORD]])] } }), 'x', {
      enumerable: false,
    });
    expect(secrets.leaksIn('here', wholeText(hidden))).toEqual([expect.objectContaining({ secret: 'password' })]);
  });
});
