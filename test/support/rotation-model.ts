// The reference model of a login: every refresh token it ever had, in order, of which the last is the live one. It
// shares no code with the stores, so that both would have to be wrong in the same way.
import assert from 'node:assert/strict';
import type { LoginStore, RotationOutcome } from 'nestjs-latchkey/stores';

/** A step of a login. `age` counts back from the live token: 0 is the live one, 1 the one before. */
export type Action =
  | { readonly does: 'present'; readonly ages: readonly number[] }
  /** Refreshes so often in a row. */
  | { readonly does: 'storm'; readonly times: number }
  | { readonly does: 'forge'; readonly jti: string }
  | { readonly does: 'wait'; readonly ms: number }
  | { readonly does: 'touch' }
  | { readonly does: 'end' };

type Told = { readonly age: number; readonly outcome: RotationOutcome };

const ISSUER = 'https://issuer.example';
const LIFE = 30 * 24 * 3_600;

export class RotationModel {
  /** Oldest first; the last is the live one, which was not replaced. Empty once the login has ended. */
  #tokens: { readonly jti: string; replacedAtMs?: number }[] = [];
  #counter = 0;

  constructor(
    private readonly logins: LoginStore,
    private readonly clock: { nowMs: number },
    private readonly options: { readonly sid: string; readonly graceMs: number },
  ) {}

  async open(): Promise<void> {
    const now = Math.floor(this.clock.nowMs / 1_000);
    const jti = this.#nextJti();
    await this.logins.open({
      issuer: ISSUER,
      sid: this.options.sid,
      subject: 'user-1',
      currentJti: jti,
      currentIssuedAt: now,
      currentExpiresAt: now + LIFE,
      createdAt: now,
      lastUsedAt: now,
      absoluteExpiresAt: now + LIFE,
    });
    this.#tokens = [{ jti }];
  }

  /** Applies one step to the store and to the model, and compares the results. */
  async step(action: Action): Promise<void> {
    if (action.does === 'wait') this.clock.nowMs += action.ms;
    if (action.does === 'touch')
      await this.logins.touch(ISSUER, this.options.sid, Math.floor(this.clock.nowMs / 1_000));
    if (action.does === 'forge') this.#check([{ age: 99, outcome: await this.#present(action.jti) }]);
    if (action.does === 'present') await this.#presentAll(action.ages);
    if (action.does === 'storm') for (let at = 0; at < action.times; at += 1) await this.#presentAll([0]);
    if (action.does === 'end') {
      assert.equal(await this.logins.end(ISSUER, this.options.sid), this.#tokens.length > 0);
      this.#tokens = [];
    }
    const login = await this.logins.find(ISSUER, this.options.sid);
    assert.equal(login?.currentJti, this.#tokens.at(-1)?.jti, 'the leaf of the store is the leaf of the model');
  }

  /** Presents tokens at the same time, each from a caller of its own. */
  async #presentAll(ages: readonly number[]): Promise<void> {
    const told = ages.map(async (age) => ({
      age,
      outcome: await this.#present(this.#tokens.at(-1 - age)?.jti ?? 'never-issued'),
    }));
    this.#check(await Promise.all(told));
  }

  #present(from: string): Promise<RotationOutcome> {
    const now = Math.floor(this.clock.nowMs / 1_000);
    const to = { jti: this.#nextJti(), issuedAt: now, expiresAt: now + LIFE };
    const { sid, graceMs } = this.options;
    return this.logins.rotate({ issuer: ISSUER, sid, from, to, nowMs: this.clock.nowMs, graceMs });
  }

  #check(told: readonly Told[]): void {
    if (this.#tokens.length === 0) {
      assert.ok(told.every(({ outcome }) => outcome.outcome === 'unknown'));
      return;
    }
    const winners = told.flatMap(({ outcome }) => (outcome.outcome === 'rotated' ? outcome.login.currentJti : []));
    const rotates = told.some(({ age }) => age === 0) && !this.#isHeld;
    assert.equal(winners.length, rotates ? 1 : 0, 'one rotation where the leaf was presented');
    const [leaf, next] = [this.#tokens.at(-1), winners[0]];
    for (const { age, outcome } of told)
      assert.ok(this.#allows(age, outcome, { leaf: leaf?.jti, next }), JSON.stringify({ age, outcome }));
    if (next === undefined || leaf === undefined) return;
    leaf.replacedAtMs = this.clock.nowMs;
    this.#tokens.push({ jti: next });
  }

  /** The allowed answers to a token of this age, whether it arrived before or after the rotation of this step. */
  #allows(
    age: number,
    { outcome, ...rest }: RotationOutcome,
    at: { leaf: string | undefined; next: string | undefined },
  ): boolean {
    const successor = 'login' in rest ? rest.login.currentJti : undefined;
    if (age === 0 && this.#isHeld) return outcome === 'held' && successor === at.leaf;
    if (age === 0 && outcome === 'rotated') return successor === at.next;
    if (age === 0) return successor === at.next && outcome === (this.options.graceMs > 0 ? 'retry' : 'reused');
    return outcome === (this.#isInside(age) ? 'retry' : 'reused') && (successor === at.leaf || successor === at.next);
  }

  /** Whether the token of this age was replaced within the grace. */
  #isInside(age: number): boolean {
    const replacedAtMs = this.#tokens.at(-1 - age)?.replacedAtMs;
    return replacedAtMs !== undefined && this.clock.nowMs - replacedAtMs < this.options.graceMs;
  }

  /** Whether so many were replaced within the grace that the live token is kept: 64, as documented. */
  get #isHeld(): boolean {
    return this.#tokens.filter((_, at) => this.#isInside(this.#tokens.length - 1 - at)).length >= 64;
  }

  #nextJti(): string {
    this.#counter += 1;
    return `${this.options.sid}/${this.#counter}`;
  }
}
