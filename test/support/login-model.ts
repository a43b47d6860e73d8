// The reference model of logins: who is signed in where, which token is the live one, and what must be refused.
// It knows nothing of stores and asks two instances over one of them, so that both would have to be wrong in the same way.
import assert from 'node:assert/strict';
import type { AuthError, LoginService, TokenPair, TokenService } from 'nestjs-latchkey';

/** The steps. Numbers of logins and users wrap around, so that every number names one. */
export type Step =
  | { readonly does: 'sign-in'; readonly user: number }
  | { readonly does: 'refresh'; readonly sign: number; readonly age: number }
  | { readonly does: 'refresh-at-once'; readonly sign: number }
  | { readonly does: 'end-while-refreshing'; readonly sign: number; readonly everywhere: boolean }
  | { readonly does: 'revoke-access' | 'revoke-refresh' | 'end' | 'all-but'; readonly sign: number }
  | { readonly does: 'everywhere' | 'disable' | 'enable' | 'change-password'; readonly user: number }
  | { readonly does: 'outage'; readonly sign: number }
  | { readonly does: 'wait'; readonly ms: number };

/** One process of several. */
export interface Instance {
  readonly tokens: TokenService;
  readonly logins: LoginService;
}

/** What the model moves and looks at. */
export interface Applications {
  readonly instances: readonly [Instance, Instance];
  readonly users: { readonly id: string; active: boolean; stamp: string }[];
  readonly clock: { ms: number };
  readonly issuer: string;
  /** Makes every call to a store fail, or not. */
  setDown(isDown: boolean): void;
  /** The live `jti` in the store. */
  leafOf(sid: string): Promise<string | undefined>;
}

interface Access {
  readonly token: string;
  readonly expiresAtMs: number;
  isRevoked: boolean;
}

interface SignIn {
  readonly user: Applications['users'][number];
  readonly stamp: string;
  readonly sid: string;
  readonly absoluteEndMs: number;
  /** Oldest first; the last is the live token. */
  readonly refreshTokens: { readonly token: string; readonly expiresAtMs: number; replacedAtMs?: number }[];
  readonly accessTokens: Access[];
  isEnded: boolean;
}

const GRACE_MS = 10_000;
const TOLERANCE_MS = 5_000;
const ABSOLUTE_MS = 30 * 86_400_000;

export class SignInModel {
  readonly #signIns: SignIn[] = [];
  #turn = 0;

  constructor(private readonly applications: Applications) {}

  /** Applies one step to the applications and to the model, and compares all results. */
  async step(step: Step): Promise<void> {
    if (step.does === 'wait') this.applications.clock.ms += step.ms;
    else if (step.does === 'sign-in') await this.#signIn(this.#user(step.user));
    else if ('user' in step) await this.#changeUser(step.does, this.#user(step.user));
    else await this.#act(step);
    await this.#compare();
  }

  async #signIn(user: SignIn['user']): Promise<void> {
    const told = await codeOf(this.#next.tokens.issue(user as never));
    if (!user.active) return assert.equal(told.code, 'user_disabled');
    assert.ok(told.value, told.code);
    const made: SignIn = {
      user,
      stamp: user.stamp,
      sid: told.value.sid,
      absoluteEndMs: payloadOf(told.value.refreshToken).iat * 1_000 + ABSOLUTE_MS,
      refreshTokens: [],
      accessTokens: [],
      isEnded: false,
    };
    this.#signIns.push(made);
    this.#remember(made, told.value);
  }

  async #changeUser(does: string, user: SignIn['user']): Promise<void> {
    if (does === 'disable') user.active = false;
    if (does === 'enable') user.active = true;
    if (does === 'change-password') user.stamp += '+';
    if (does !== 'everywhere') return;
    await this.#next.logins.endAll(this.#subject(user));
    for (const signIn of this.#signIns) if (signIn.user === user) signIn.isEnded = true;
  }

  async #act(step: Extract<Step, { readonly sign: number }>): Promise<void> {
    const signIn = this.#signIns[step.sign % Math.max(1, this.#signIns.length)];
    if (signIn === undefined) return;
    if (step.does === 'refresh') await this.#refresh(signIn, step.age);
    if (step.does === 'refresh-at-once') await this.#refreshAtOnce(signIn);
    if (step.does === 'end-while-refreshing') await this.#endWhileRefreshing(signIn, step.everywhere);
    if (step.does === 'revoke-access') await this.#revokeAccess(signIn);
    if (step.does === 'all-but') await this.#allBut(signIn);
    if (step.does === 'outage') await this.#outage(signIn);
    if (step.does === 'end') await this.#end(signIn, (by) => by.logins.end(this.#subject(signIn.user), signIn.sid));
    if (step.does === 'revoke-refresh' && !this.#isPast(liveToken(signIn)))
      await this.#end(signIn, (by) => by.tokens.revoke(liveToken(signIn).token));
  }

  async #refresh(signIn: SignIn, age: number): Promise<void> {
    const presented = signIn.refreshTokens.at(-1 - age);
    if (presented === undefined) return;
    const told = await codeOf(this.#next.tokens.refresh(presented.token));
    const standing = this.#standing(signIn, age);
    if (standing === 'expired') return assert.equal(told.code, 'refresh_expired');
    if (standing === 'refused') return assert.ok(told.value === undefined, 'a sign-in that has ended was refreshed');
    if (standing === 'ends') {
      assert.ok(told.value === undefined, 'a refresh that must end the sign-in succeeded');
      signIn.isEnded = true;
      return;
    }
    assert.ok(told.value, `an honest refresh was refused: ${told.code}`);
    if (standing === 'retry') assert.equal(jtiOf(told.value.refreshToken), jtiOf(liveToken(signIn).token));
    this.#remember(signIn, told.value, standing === 'live');
  }

  /** What must become of the token that is so many rotations old. */
  #standing(signIn: SignIn, age: number): 'live' | 'retry' | 'ends' | 'refused' | 'expired' {
    const presented = signIn.refreshTokens.at(-1 - age);
    if (presented === undefined || this.#isPast(presented)) return 'expired';
    if (signIn.isEnded) return 'refused';
    if (!this.#isWelcome(signIn)) return 'ends';
    if (this.applications.clock.ms >= signIn.absoluteEndMs) return 'expired';
    if (age === 0) return 'live';
    return this.applications.clock.ms - (presented.replacedAtMs ?? -Infinity) < GRACE_MS ? 'retry' : 'ends';
  }

  async #refreshAtOnce(signIn: SignIn): Promise<void> {
    if (this.#standing(signIn, 0) !== 'live') return;
    const { token } = liveToken(signIn);
    const told = await Promise.all(Array.from({ length: 4 }, () => codeOf(this.#next.tokens.refresh(token))));
    const [first] = told;
    assert.deepEqual(
      told.map(({ code }) => code),
      Array(4).fill('accepted'),
    );
    assert.equal(new Set(told.map(({ value }) => value && jtiOf(value.refreshToken))).size, 1, 'one live token');
    if (first?.value) this.#remember(signIn, first.value);
  }

  async #endWhileRefreshing(signIn: SignIn, everywhere: boolean): Promise<void> {
    const { tokens, logins } = this.#next;
    const subject = this.#subject(signIn.user);
    const [told] = await Promise.all([
      codeOf(tokens.refresh(liveToken(signIn).token)),
      everywhere ? this.#next.logins.endAll(subject) : logins.end(subject, signIn.sid),
    ]);
    for (const each of this.#signIns)
      if (each === signIn || (everywhere && each.user === signIn.user)) each.isEnded = true;
    if (told.value) this.#remember(signIn, told.value);
  }

  async #revokeAccess(signIn: SignIn): Promise<void> {
    const access = signIn.accessTokens.at(-1);
    if (access === undefined || this.#isPast(access)) return;
    await this.#next.tokens.revoke(access.token);
    access.isRevoked = true;
  }

  async #allBut(spared: SignIn): Promise<void> {
    // Who has ended cannot ask.
    if (spared.isEnded) return;
    await this.#next.logins.endAll(this.#subject(spared.user), { exceptSid: spared.sid });
    for (const each of this.#signIns) if (each.user === spared.user && each !== spared) each.isEnded = true;
  }

  async #end(signIn: SignIn, end: (by: Instance) => Promise<void>): Promise<void> {
    await end(this.#next);
    signIn.isEnded = true;
  }

  /** Nothing may be decided while the store is down, and nothing may have changed after it. */
  async #outage(signIn: SignIn): Promise<void> {
    if (this.#isPast(liveToken(signIn))) return;
    this.applications.setDown(true);
    const told = [
      await codeOf(this.#next.tokens.refresh(liveToken(signIn).token)),
      await codeOf(this.#next.logins.end(this.#subject(signIn.user), signIn.sid)),
    ];
    this.applications.setDown(false);
    assert.deepEqual(
      told.map(({ code }) => code),
      ['store_unavailable', 'store_unavailable'],
    );
  }

  async #compare(): Promise<void> {
    for (const signIn of this.#signIns) {
      const leafJti = await this.applications.leafOf(signIn.sid);
      assert.equal(
        leafJti,
        signIn.isEnded ? undefined : jtiOf(liveToken(signIn).token),
        'the liveToken of the store is that of the model',
      );
      for (const access of signIn.accessTokens) {
        const { code } = await codeOf(this.#next.tokens.verify(access.token, { kind: 'access' }));
        const isGood = !this.#isPast(access) && !access.isRevoked && !signIn.isEnded && this.#isWelcome(signIn);
        assert.equal(
          code === 'accepted',
          isGood,
          `an access token is ${code}, and should ${isGood ? '' : 'not '}be good`,
        );
      }
    }
  }

  #remember(signIn: SignIn, { accessToken, refreshToken }: TokenPair, isNewLeaf = true): void {
    signIn.accessTokens.push({ token: accessToken, expiresAtMs: endOf(accessToken), isRevoked: false });
    if (!isNewLeaf) return;
    const replaced = signIn.refreshTokens.at(-1);
    if (replaced !== undefined) replaced.replacedAtMs = this.applications.clock.ms;
    signIn.refreshTokens.push({ token: refreshToken, expiresAtMs: endOf(refreshToken) });
  }

  #isPast({ expiresAtMs }: { readonly expiresAtMs: number }): boolean {
    return Math.floor(this.applications.clock.ms / 1_000) * 1_000 >= expiresAtMs + TOLERANCE_MS;
  }

  #isWelcome({ user, stamp }: SignIn): boolean {
    return user.active && user.stamp === stamp;
  }

  #subject(user: SignIn['user']) {
    return { issuer: this.applications.issuer, id: user.id };
  }

  #user(at: number): SignIn['user'] {
    const user = this.applications.users[at % this.applications.users.length];
    assert.ok(user);
    return user;
  }

  /** The instances take turns. */
  get #next(): Instance {
    this.#turn += 1;
    return this.applications.instances[this.#turn % 2 === 0 ? 0 : 1];
  }
}

function liveToken({ refreshTokens }: SignIn) {
  const last = refreshTokens.at(-1);
  assert.ok(last);
  return last;
}

async function codeOf<T>(work: Promise<T>): Promise<{ readonly code: string; readonly value?: T }> {
  try {
    return { code: 'accepted', value: await work };
  } catch (error) {
    const { code } = error as AuthError;
    assert.ok(code, String(error));
    return { code };
  }
}

function payloadOf(token: string): { readonly jti: string; readonly iat: number; readonly exp: number } {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

const jtiOf = (token: string): string => payloadOf(token).jti;
const endOf = (token: string): number => payloadOf(token).exp * 1_000;
