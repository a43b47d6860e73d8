import { describe, expect, it } from '@jest/globals';
import { MemoryAuditSink } from '../../../libs/auth/src/core/audit/audit.js';
import { onAuthEvent, type AuthEvent } from '../../../libs/auth/src/core/base/events.js';
import type { AuthError } from '../../../libs/auth/src/core/base/errors.js';
import { challenge, proven, type SignInFacts } from '../../../libs/auth/src/core/users/sign-in-answers.js';
import { bearerOf, codeOf, ISSUER, payloadOf, rig, type Person } from '../support/core-fixture.js';

const CODE = '123456';
const SENT = { username: 'ada', password: 'secret' };
const MINUTE = 60;

const factsOf = (userAgent: string | undefined): SignInFacts => ({
  address: '192.0.2.1',
  userAgent,
  header: () => undefined,
});
const PHONE = factsOf('Phone/1.0');
const SECRET = { secret: 'kept by the client' };

/** A core whose users need a code; codes are used once. */
async function stepped(options: Parameters<typeof rig>[0] = {}) {
  const core = await rig(options);
  const { people, signIn } = core;
  people.add({ id: 'ada', stamp: '1' });
  const used = new Set<string>();
  const asked: unknown[] = [];
  const passwordOnly = people.verifyCredentials.bind(people);
  Object.assign(people, {
    verifyCredentials: async (sent: typeof SENT) => {
      const user = await passwordOnly(sent);
      return user && challenge({ kind: 'totp', user, data: { digits: 6 }, amr: ['pwd'] });
    },
    completeChallenge: async (step: { user: Person }, { code }: { code: string }) => {
      asked.push(step);
      if (code !== CODE || used.has(code)) return undefined;
      return proven({ user: step.user, amr: ['otp'], acr: 'mfa' });
    },
  });
  const begin = async (facts = PHONE, binding = SECRET) => {
    const error = await signIn.identify(SENT, facts, binding).catch((thrown: unknown) => thrown as AuthError);
    const { step } = error as AuthError;
    if (step === undefined) throw new Error('There is no step.');
    return step;
  };
  const resume = (continuation: string, code = CODE, facts = PHONE, binding: object = SECRET) =>
    signIn.resume({ continuation, body: { code } }, facts, binding);
  return { ...core, begin, resume, asked, used };
}

describe('a sign-in in two steps', () => {
  it('tells what is missing, and is completed by it', async () => {
    const { begin, resume, asked, people } = await stepped();
    const step = await begin();
    expect(step).toEqual({ kind: 'totp', data: { digits: 6 }, continuation: expect.any(String), expiresIn: 300 });
    const found = await resume(step.continuation);
    expect(found).toMatchObject({ user: people.rows.get('ada'), acr: 'mfa', amr: ['pwd', 'otp'] });
    expect(asked).toEqual([
      { kind: 'totp', user: people.rows.get('ada'), data: { digits: 6 }, acr: undefined, amr: ['pwd'] },
    ]);
  });

  it('can have a third', async () => {
    const { begin, resume, people } = await stepped();
    const { continuation } = await begin();
    Object.assign(people, {
      completeChallenge: async (step: { kind: string; user: Person }) =>
        step.kind === 'totp' ? challenge({ kind: 'email-code', user: step.user, amr: ['otp'] }) : step.user,
    });
    const next = (await resume(continuation).catch((error: unknown) => error)) as AuthError;
    expect([next.code, next.step?.kind]).toEqual(['further_step_required', 'email-code']);
    expect(await codeOf(resume(continuation))).toBe('invalid_credentials');
    expect((await resume(next.step?.continuation ?? '')).amr).toEqual(['pwd', 'otp']);
  });

  it('keeps what was proven through a refresh, which cannot raise it', async () => {
    const { begin, resume, tokens, clock } = await stepped();
    const { user, acr, amr } = await resume((await begin()).continuation);
    const pair = await tokens.issue(user, { acr, amr });
    const weak = await tokens.issue(user, { amr: ['pwd'] });
    clock.advance(MINUTE);
    const options = { acr: 'mfa', amr: ['otp'] } as object;
    const [strong, still] = [await tokens.refresh(pair.refreshToken), await tokens.refresh(weak.refreshToken, options)];
    expect(payloadOf(strong.accessToken)).toMatchObject({ acr: 'mfa', amr: ['pwd', 'otp'] });
    expect(payloadOf(strong.accessToken)['auth_time']).toBe(payloadOf(pair.accessToken)['auth_time']);
    expect(payloadOf(still.accessToken)).toMatchObject({ amr: ['pwd'] });
    expect(payloadOf(still.accessToken)).not.toHaveProperty('acr');
  });

  it('is a mistake of the application where nothing goes on with it', async () => {
    const mistakes: Error[] = [];
    const { signIn } = await stepped({ onMistake: (mistake) => void mistakes.push(mistake) });
    expect(await codeOf(signIn.verify(SENT, PHONE))).toBe('misconfigured');
    expect(mistakes.map(({ message }) => message)).toEqual([expect.stringContaining('completeChallenge')]);
  });

  it('is published step by step, and recorded in the audit trail under the user', async () => {
    const sink = new MemoryAuditSink();
    const { begin, resume } = await stepped({ ports: { audit: { sink } } });
    const { continuation } = await begin();
    await codeOf(resume(continuation, '000000'));
    await resume(continuation);
    await codeOf(resume('x.y.z'));
    const trail = await sink.list({ issuer: ISSUER, id: 'ada' }, 10);
    expect(trail.map(({ type, code, detail }) => [type, code, detail]).sort()).toEqual([
      ['sign_in_step_failed', 'invalid_credentials', 'totp'],
      ['sign_in_step_passed', undefined, 'totp'],
      ['sign_in_step_required', undefined, 'totp'],
    ]);
  });

  it('publishes and serialises no continuation', async () => {
    const { signIn, resume } = await stepped();
    const events: AuthEvent[] = [];
    const stop = onAuthEvent((event) => void events.push(event));
    const error = (await signIn.identify(SENT, PHONE, SECRET).catch((thrown: unknown) => thrown)) as AuthError;
    const { continuation = '' } = error.step ?? {};
    await codeOf(resume(continuation, '000000'));
    stop();
    const about = { issuer: ISSUER, subject: 'ada', kind: 'totp' };
    expect(events).toEqual([
      { type: 'sign_in_step_required', ...about },
      { type: 'sign_in_step_failed', ...about, code: 'invalid_credentials' },
      { type: 'sign_in_refused', code: 'invalid_credentials' },
    ]);
    expect(JSON.stringify([events, error, { ...error }])).not.toContain(continuation);
  });
});

describe('a continuation', () => {
  it('is neither an access nor a refresh token', async () => {
    const { begin, tokens, authenticator, bearer } = await stepped();
    const { continuation } = await begin();
    expect(await codeOf(tokens.verify(continuation, { kind: 'access' }))).toBe('wrong_token_type');
    expect(await codeOf(tokens.verify(continuation, { kind: 'access', anyAudience: true }))).toBe('wrong_token_type');
    expect(await codeOf(tokens.refresh(continuation))).toBe('wrong_token_type');
    expect(authenticator).toBeDefined();
    expect(await bearer.find(bearerOf(continuation))).toBeDefined();
  });

  it('cannot be replaced by an access or refresh token, or by a one-time token for another purpose', async () => {
    const { resume, tokens, oneTime, people } = await stepped();
    const pair = await tokens.issue(people.rows.get('ada') as never);
    const reset = await oneTime.issue('ada', { purpose: 'password-reset', data: { kind: 'totp', sender: '' } });
    for (const token of [pair.accessToken, pair.refreshToken, reset.token, '', 'x.y.z'])
      expect(await codeOf(resume(token))).toBe('invalid_credentials');
  });

  it('is neither issued nor redeemed by the application', async () => {
    const { begin, resume, oneTime } = await stepped();
    const purpose = 'nestjs-latchkey.sign-in-step';
    await expect(oneTime.issue('ada', { purpose })).rejects.toThrow(TypeError);
    const { continuation } = await begin();
    await expect(oneTime.redeem(continuation, purpose)).rejects.toThrow("does not begin with 'nestjs-latchkey.'");
    expect(await codeOf(resume(continuation))).toBe('accepted');
    await expect(oneTime.issue('ada', { purpose: 'nestjs-latchkey' })).resolves.toBeDefined();
  });

  it('completes one sign-in, also when it is used eight times at once', async () => {
    const { begin, resume } = await stepped({ settings: { signIn: { ttlSeconds: 300, tries: 8, triesPerHour: 20 } } });
    const { continuation } = await begin();
    const codes = await Promise.all(Array.from({ length: 8 }, () => codeOf(resume(continuation))));
    expect(codes.filter((code) => code === 'accepted')).toHaveLength(1);
    expect(codes.filter((code) => code === 'invalid_credentials')).toHaveLength(7);
    expect(await codeOf(resume(continuation))).toBe('invalid_credentials');
  });

  it.each<[string, SignInFacts, object]>([
    ['another program', factsOf('Other/1.0'), SECRET],
    ['a program without a name', factsOf(undefined), SECRET],
    ['a client that does not know the secret', PHONE, {}],
    ['a client with another secret', PHONE, { secret: 'guessed' }],
    ['other routes than those where it began', PHONE, { ...SECRET, at: 'elsewhere' }],
  ])('is of no use to %s, which uses no try up', async (_, facts, binding) => {
    const { begin, resume, asked } = await stepped();
    const { continuation } = await begin();
    for (let turn = 0; turn < 5; turn += 1)
      expect(await codeOf(resume(continuation, CODE, facts, binding))).toBe('invalid_credentials');
    expect(asked).toEqual([]);
    expect(await codeOf(resume(continuation))).toBe('accepted');
  });

  it.each<[string, (person: Person) => void]>([
    ['is deactivated', (person) => (person.active = false)],
    ['changes the password', (person) => (person.stamp = '2')],
  ])('ends when its user %s', async (_, change) => {
    const { begin, resume, people, asked } = await stepped();
    const { continuation } = await begin();
    change(people.rows.get('ada') as Person);
    expect(await codeOf(resume(continuation))).toBe('invalid_credentials');
    expect(asked).toEqual([]);
  });

  it('ends when all logins of its user are ended', async () => {
    const { begin, resume, logins } = await stepped();
    const { continuation } = await begin();
    await logins.endAll({ issuer: 'https://auth.example', id: 'ada' });
    expect(await codeOf(resume(continuation))).toBe('invalid_credentials');
  });

  it('ends with its time', async () => {
    const { begin, resume, clock } = await stepped();
    const { continuation } = await begin();
    clock.advance(5 * MINUTE + 6);
    expect(await codeOf(resume(continuation))).toBe('invalid_credentials');
  });

  it('does not sign another user in, whatever the source answers', async () => {
    const { begin, resume, people } = await stepped();
    const grace = people.add({ id: 'grace' });
    Object.assign(people, { completeChallenge: async () => grace });
    expect(await codeOf(resume((await begin()).continuation))).toBe('invalid_credentials');
  });

  it('is good after a try that could not be checked', async () => {
    const { begin, resume, people } = await stepped();
    const { continuation } = await begin();
    const { completeChallenge } = people as unknown as Record<string, unknown>;
    Object.assign(people, { completeChallenge: () => Promise.reject(new Error('away')) });
    expect(await codeOf(resume(continuation))).toBe('users_unavailable');
    Object.assign(people, { completeChallenge });
    expect(await codeOf(resume(continuation))).toBe('accepted');
  });
});

describe('guessing codes', () => {
  it('ends after three wrong ones, also when they are sent at once', async () => {
    const { begin, resume, asked } = await stepped();
    const { continuation } = await begin();
    const guesses = ['000001', '000002', '000003', '000004', '000005', CODE, CODE, CODE];
    const codes = await Promise.all(guesses.map((guess) => codeOf(resume(continuation, guess))));
    expect(new Set(codes)).toEqual(new Set(['invalid_credentials']));
    expect(asked).toHaveLength(3);
  });

  it('ends for the user after twenty in an hour, however often the password is sent', async () => {
    const { begin, resume, asked, clock } = await stepped();
    const outcomes: string[] = [];
    for (let turn = 0; turn < 12; turn += 1) {
      const { continuation } = await begin();
      for (const guess of ['000001', '000002']) outcomes.push(await codeOf(resume(continuation, guess)));
    }
    expect(asked).toHaveLength(20);
    expect(outcomes.slice(0, 20)).toEqual(Array(20).fill('invalid_credentials'));
    expect(outcomes.slice(20)).toEqual(Array(4).fill('too_many_requests'));
    const refused = (await resume((await begin()).continuation).catch((error: unknown) => error)) as AuthError;
    expect(refused.retryAfterSeconds).toBeGreaterThan(0);
    clock.advance(refused.retryAfterSeconds ?? 0);
    expect(await codeOf(resume((await begin()).continuation))).toBe('accepted');
  });

  it('starts over for the user with a new password', async () => {
    const { begin, resume, people } = await stepped({
      settings: { signIn: { ttlSeconds: 300, tries: 3, triesPerHour: 1 } },
    });
    await codeOf(resume((await begin()).continuation, '000001'));
    expect(await codeOf(resume((await begin()).continuation))).toBe('too_many_requests');
    (people.rows.get('ada') as Person).stamp = '2';
    expect(await codeOf(resume((await begin()).continuation))).toBe('accepted');
  });
});
