// The assembled core: what its settings and ports change, and how it starts and ends.
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { MemoryAuditSink, type AuditEntry } from '../../../libs/auth/src/core/audit/audit.js';
import { AuthConfigurationError } from '../../../libs/auth/src/core/base/errors.js';
import { guardStores } from '../../../libs/auth/src/core/composition/guard-stores.js';
import { KeySource, type KeyRingInput } from '../../../libs/auth/src/core/keys/key-ring.js';
import { generatePrivateJwk } from '../../../libs/auth/src/core/keys/key-import.js';
import { MemoryLoginStore, MemoryBlocklistStore } from '../../../libs/auth/src/core/stores/memory-stores.js';
import { BlocklistStore } from '../../../libs/auth/src/core/stores/stores.js';
import { bearerOf, codeOf, ISSUER, rig, type RigOptions } from '../support/core-fixture.js';
import { ManualClock } from '../../support/clocks.js';

const REVOCATION = {
  freshness: 'every-request',
  onStoreError: 'refuse',
  timeoutMs: 20,
  pruneEveryMs: undefined,
} as const;
const LOGIN = {
  issuer: 'https://login.example',
  audience: 'api',
  keys: { jwksUri: 'https://login.example/keys' },
} as const;
const subject = { issuer: ISSUER, id: 'ada' };

/** A blocklist that counts as one outside of this process. */
class RemoteBlocklist extends BlocklistStore {
  readonly calls: string[] = [];
  answers = true;

  constructor(private readonly kept: MemoryBlocklistStore) {
    super();
  }

  override add = this.asked('add', (entry: Parameters<MemoryBlocklistStore['add']>[0]) => this.kept.add(entry));
  override find = this.asked('find', async (query: Parameters<MemoryBlocklistStore['find']>[0]) =>
    this.kept.find(query),
  );
  override subjectRevokedAt = this.asked('subjectRevokedAt', async (of: typeof subject) =>
    this.kept.subjectRevokedAt(of),
  );
  override list = this.asked('list', (of: Parameters<MemoryBlocklistStore['list']>[0]) => this.kept.list(of));
  override prune = this.asked('prune', (now: number) => this.kept.prune(now));
  override changesSince = this.asked('changesSince', (cursor: string | undefined, limit: number) =>
    this.kept.changesSince(cursor, limit),
  );

  private asked<Args extends readonly unknown[], T>(name: string, work: (...args: Args) => Promise<T>) {
    return (...args: Args): Promise<T> => {
      this.calls.push(name);
      return this.answers ? work(...args) : new Promise(() => {});
    };
  }
}

async function remote(options: Omit<RigOptions, 'stores' | 'clock'> = {}) {
  const clock = new ManualClock();
  const revocations = new RemoteBlocklist(new MemoryBlocklistStore(clock));
  const stores = { revocations, logins: new MemoryLoginStore(clock) };
  const parts = await rig({
    withoutUsers: true,
    settings: { revocation: REVOCATION },
    ...options,
    clock,
    stores: () => stores,
  });
  return { ...parts, revocations };
}

const problemsOf = (work: Promise<unknown>): Promise<readonly string[]> =>
  work.then(
    () => [],
    (error: unknown) => (error instanceof AuthConfigurationError ? error.problems : Promise.reject(error)),
  );

afterEach(() => void jest.useRealTimers());

describe('an assembled core', () => {
  it('accepts the tokens that it issues, by its own bearer scheme', async () => {
    const { tokens, authenticator, schemes } = await rig({ withoutUsers: true });
    const { accessToken } = await tokens.issue('ada');
    const requirements = { schemes: [...schemes.values()], optional: false, permissions: {} as never, policies: [] };
    const decision = await authenticator.authenticate(bearerOf(accessToken), requirements);
    expect(decision).toMatchObject({ principal: { subject, scheme: 'bearer' } });
  });

  it('has the schemes that the settings ask for', async () => {
    const cookies = { external: undefined, forgiving: true };
    const names = async (options: RigOptions) => [...(await rig(options)).schemes.keys()];
    expect(await names({ settings: { session: { enabled: false, mismatch: 'reject' } } })).toEqual(['bearer']);
    expect(await names({ settings: { cookies } })).toEqual(['bearer', 'cookie', 'session']);
  });

  it('issues nothing if the settings say that it only verifies', async () => {
    const { tokens, keys, verifier } = await rig({ withoutUsers: true, settings: { issuing: false, trust: [LOGIN] } });
    const issuing = await rig({ withoutUsers: true });
    expect(keys.ring).toBeUndefined();
    await expect(tokens.issue('ada')).rejects.toThrow('this service only verifies');
    const { accessToken } = await issuing.tokens.issue('ada');
    expect(await codeOf(verifier.verify(accessToken, 'access'))).toBe('invalid_issuer');
  });

  it('reports what is wrong with its own keys and with those of other issuers together', async () => {
    const trust = [{ ...LOGIN, keys: { secret: 'short', alg: 'HS256' } }] as const;
    const problems = await problemsOf(rig({ settings: { keys: 'not a key', trust } }));
    expect(problems.filter((each) => each.startsWith('keys.current'))).toHaveLength(1);
    expect(problems.filter((each) => each.includes('https://login.example') || each.startsWith('trust'))).not.toEqual(
      [],
    );
  });

  it('gives a store no longer than the settings say', async () => {
    const { blocklist, revocations } = await remote();
    revocations.answers = false;
    expect(await codeOf(blocklist.revokeLogin({ issuer: ISSUER, sid: 's' }))).toBe('store_unavailable');
  });

  it('keeps stores that were guarded before as they are, and their replica', async () => {
    const clock = new ManualClock();
    const raw = {
      revocations: new RemoteBlocklist(new MemoryBlocklistStore(clock)),
      logins: new MemoryLoginStore(clock),
    };
    const guarded = guardStores(raw, { ...REVOCATION, freshness: { withinMs: 1_000 } }, clock);
    const parts = await rig({ ports: { stores: guarded } });
    expect(parts.guarded).toBe(guarded);
    expect(guarded.replica).toBeDefined();
    await parts.blocklist.revokeLogin({ issuer: ISSUER, sid: 's' });
    expect(raw.revocations.calls).toEqual(['add']);
  });

  it('records in the audit sink what it does', async () => {
    const sink = new MemoryAuditSink();
    const { tokens } = await rig({ withoutUsers: true, ports: { audit: { sink } } });
    await tokens.issue('ada');
    expect((await sink.list(subject, 10)).map(({ type }: AuditEntry) => type)).toEqual(['sign_in']);
  });
});

describe('the life of an assembled core', () => {
  it('answers from its replica once it was started, and asks the store after it was stopped', async () => {
    const { blocklist, lifecycle, clock, revocations } = await remote({
      settings: { revocation: { ...REVOCATION, freshness: { withinMs: 1_000 } } },
    });
    const verified = { kind: 'user', claims: {}, own: true, subject, sid: 's', issuedAt: clock.nowSeconds() } as const;
    lifecycle.start();
    while (!revocations.calls.includes('changesSince')) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(await codeOf(blocklist.assertNotRevoked(verified))).toBe('accepted');
    expect(revocations.calls).not.toContain('find');
    lifecycle.stop();
    clock.advance(2);
    expect(await codeOf(blocklist.assertNotRevoked(verified))).toBe('accepted');
    expect(revocations.calls).toContain('find');
  });

  it('prunes expired entries at its interval, from its start to its end', async () => {
    jest.useFakeTimers();
    const { lifecycle, revocations } = await remote({
      settings: { revocation: { ...REVOCATION, pruneEveryMs: 60_000 } },
    });
    const pruned = () => revocations.calls.filter((call) => call === 'prune').length;
    await jest.advanceTimersByTimeAsync(120_000);
    expect(pruned()).toBe(0);
    lifecycle.start();
    await jest.advanceTimersByTimeAsync(120_000);
    expect(pruned()).toBe(2);
    lifecycle.stop();
    await jest.advanceTimersByTimeAsync(120_000);
    expect(pruned()).toBe(2);
  });

  it('stops following the source of its keys', async () => {
    const current = await generatePrivateJwk('ES256');
    let isFollowed = false;
    class Keys extends KeySource {
      override load = (): Promise<KeyRingInput> => Promise.resolve({ current });
      override watch = () => {
        isFollowed = true;
        return () => void (isFollowed = false);
      };
    }
    const { lifecycle } = await rig({ settings: { keys: new Keys() } });
    expect(isFollowed).toBe(true);
    lifecycle.stop();
    expect(isFollowed).toBe(false);
  });

  it('does not open with a sink that is not ready', async () => {
    class UnreadySink extends MemoryAuditSink {
      checkReady = () => Promise.reject(new AuthConfigurationError(['the table of the audit trail is missing']));
    }
    const { lifecycle } = await rig({ ports: { audit: { sink: new UnreadySink() } } });
    expect(await problemsOf(lifecycle.open())).toEqual(['the table of the audit trail is missing']);
  });
});
