// A store that fails between two writes: the blocklist entry ends a login, and an alarm is never lost.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { onAuthEvent, type AuthEvent } from '../../../libs/auth/src/core/base/events.js';
import { MemoryLoginStore, MemoryBlocklistStore } from '../../../libs/auth/src/core/stores/memory-stores.js';
import { codeOf, rig } from '../support/core-fixture.js';

/** Deletes nothing while it fails. */
class StubbornStore extends MemoryLoginStore {
  isBroken = false;

  override async end(issuer: string, sid: string): Promise<boolean> {
    if (this.isBroken) throw new Error('away');
    return super.end(issuer, sid);
  }
}

async function signedIn() {
  let logins = new StubbornStore();
  const parts = await rig({
    withoutUsers: true,
    stores: (clock) => ({
      revocations: new MemoryBlocklistStore(clock),
      logins: (logins = new StubbornStore(clock)),
    }),
  });
  return { ...parts, logins, service: parts.logins, pair: await parts.tokens.issue('ada') };
}

let told: AuthEvent['type'][];
let stop: () => void;
beforeEach(() => {
  told = [];
  stop = onAuthEvent(({ type }) => void told.push(type));
});
afterEach(() => stop());

describe('a store that fails after the blocklist was written', () => {
  it('still publishes the alarm about a stolen refresh token', async () => {
    const { tokens, clock, logins, pair } = await signedIn();
    const next = await tokens.refresh(pair.refreshToken);
    clock.advance(60);
    logins.isBroken = true;
    expect(await codeOf(tokens.refresh(pair.refreshToken))).toBe('store_unavailable');
    expect(told.filter((type) => type === 'refresh_reused')).toHaveLength(1);
    logins.isBroken = false;
    expect(await codeOf(tokens.refresh(pair.refreshToken))).toBe('token_revoked');
    expect(await codeOf(tokens.refresh(next.refreshToken))).toBe('token_revoked');
  });

  it('still publishes the end of a login, once', async () => {
    const { service, logins, pair } = await signedIn();
    logins.isBroken = true;
    expect(await codeOf(service.end(pair.subject, pair.sid))).toBe('store_unavailable');
    logins.isBroken = false;
    await service.end(pair.subject, pair.sid);
    expect(told.filter((type) => type === 'sign_out')).toHaveLength(1);
  });
});
