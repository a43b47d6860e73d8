// The trail in an application: what it keeps, and what a sink or a listener that fails does to answers.
import { afterEach, describe, expect, it } from '@jest/globals';
import { LoginService } from 'nestjs-latchkey';
import { AuditSink, MemoryAuditSink, onAuthEvent, type AuditEntry } from 'nestjs-latchkey/events';
import { KeySource, OwnKeys, type KeyInput } from 'nestjs-latchkey/keys';
import { FixedClock } from 'nestjs-latchkey/testing';
import { exportJWK, generateKeyPair } from 'jose';
import { ADAPTERS } from '../../support/applications.js';
import { ISSUER, PASSWORD, startRecordingApp, type RecordingApp } from '../../support/recording-app.js';

class Keys extends KeySource {
  retired: { readonly key: KeyInput }[] = [];

  constructor(public current: KeyInput) {
    super();
  }

  override load = async () => ({ current: this.current, retired: this.retired });
}

async function keyCalled(kid: string): Promise<KeyInput> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: 'ES256', kid } as KeyInput;
}

/** A sink that fails as the test says. */
class Sink extends MemoryAuditSink {
  failure: (() => Promise<void>) | undefined;

  override async record(entry: AuditEntry): Promise<void> {
    await (this.failure?.() ?? super.record(entry));
  }
}

const FAILURES: readonly (readonly [string, () => Promise<void>])[] = [
  [
    'throws',
    () => {
      throw new Error('broken');
    },
  ],
  ['rejects', () => Promise.reject(new Error('broken'))],
  ['hangs', () => new Promise(() => {})],
];

const credentials = { username: 'ada', password: PASSWORD };

describe.each(ADAPTERS)('the audit trail on %s', (adapter) => {
  let app: RecordingApp;
  let sink: Sink;
  let clock: FixedClock;
  afterEach(() => app.close());

  async function start(required: boolean): Promise<void> {
    sink = new Sink();
    clock = new FixedClock();
    app = await startRecordingApp(adapter, {
      structure: { clock, audit: { sink: { useFactory: () => sink }, required } },
    });
  }

  const trail = async (id = 'ada') => (await sink.list({ issuer: ISSUER, id }, 100)).map(({ type }) => type).sort();
  const devices = () => app.app.get(LoginService).list({ issuer: ISSUER, id: 'ada' });
  const call = (token: string) => app.fetch('/me', { headers: { authorization: `Bearer ${token}` } });
  const signIn = async () => {
    const answer = await app.post('/auth/token', credentials);
    return { status: answer.status, pair: (await answer.json()) as Record<'access_token' | 'refresh_token', string> };
  };
  const refresh = (token: string) => app.post('/auth/token/refresh', { refresh_token: token });

  it.each([false, true])(
    'records a sign-in, its refresh, the theft and the end, with required %s',
    async (required) => {
      await start(required);
      const { pair } = await signIn();
      await refresh(pair.refresh_token);
      clock.advance('1m');
      expect((await refresh(pair.refresh_token)).status).toBe(401);
      const announced = required ? ['refresh'] : [];
      expect(await trail()).toEqual(['refresh', ...announced, 'refresh_reused', 'revoked', 'sign_in', 'sign_out']);
      expect(await trail('grace')).toEqual([]);
    },
  );

  it('is injected as AuditSink', async () => {
    await start(false);
    expect(app.app.get(AuditSink)).toBe(sink);
  });

  it.each(FAILURES)('continues if it is not required and its sink %s', async (_, failure) => {
    await start(false);
    sink.failure = failure;
    const { status, pair } = await signIn();
    expect(status).toBe(200);
    expect((await refresh(pair.refresh_token)).status).toBe(200);
    expect((await app.post('/auth/token/revoke', { token: pair.access_token })).status).toBe(200);
    expect((await call(pair.access_token)).status).toBe(401);
  });

  it.each(FAILURES)('refuses sign-in, refresh and revocation if it is required and its sink %s', async (_, failure) => {
    await start(true);
    const { pair } = await signIn();
    sink.failure = failure;
    const { length } = await devices();
    const refused = [
      await app.post('/auth/token', credentials),
      await refresh(pair.refresh_token),
      await app.post('/auth/token/revoke', { token: pair.access_token }),
    ];
    for (const answer of refused) {
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).not.toBeNull();
    }
    expect(await devices()).toHaveLength(length);
    expect((await call(pair.access_token)).status).toBe(200);
    sink.failure = undefined;
    clock.advance('5s');
    expect((await refresh(pair.refresh_token)).status).toBe(200);
  });

  it('records why a sign-in was refused, and sends the refusal although the sink is down', async () => {
    await start(true);
    sink.failure = () => Promise.reject(new Error('broken'));
    expect((await app.post('/auth/token', { ...credentials, password: 'wrong' })).status).toBe(401);
  });

  it('records the rotation of keys', async () => {
    const recorded: AuditEntry[] = [];
    const keys = new Keys(await keyCalled('one'));
    const recorder = new (class extends Sink {
      override record = async (entry: AuditEntry) => void recorded.push(entry);
    })();
    app = await startRecordingApp(adapter, { keys, structure: { audit: { sink: { useFactory: () => recorder } } } });
    const ownKeys = app.app.get(OwnKeys);
    await ownKeys.reload();
    expect(recorded).toEqual([]);
    keys.retired = [{ key: keys.current }];
    keys.current = await keyCalled('two');
    await ownKeys.reload();
    keys.current = 'nonsense';
    await ownKeys.reload();
    expect(recorded.map(({ type, detail }) => [type, detail])).toEqual([
      ['keys_rotated', 'two'],
      ['keys_refused', undefined],
    ]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
    ['hangs', () => new Promise<void>(() => {})],
  ])('answers as before if a listener %s', async (_, listener: () => void | Promise<void>) => {
    await start(false);
    const stop = onAuthEvent(listener);
    const { status, pair } = await signIn();
    expect(status).toBe(200);
    expect((await call(pair.access_token)).status).toBe(200);
    expect((await refresh('nonsense')).status).toBe(401);
    stop();
  });
});
