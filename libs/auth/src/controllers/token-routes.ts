// The class TokenController: what each token route does. Its routes are declared in token.controller.ts; what is decided about a token is
// TokenService.
import { applyDecorators, Header, HttpCode, Inject, Post, UseGuards, type Type } from '@nestjs/common';
import { LoginStore } from '../stores.js';
import {
  AuthError,
  type AuthUser,
  SignInService,
  type TokenPair,
  type IssueOptions,
  TokenService,
  AllowClients,
  AllowRestrictedClients,
  Public,
  JwtAuthGuard,
  Authorize,
} from '../index.js';
import type { Policy } from '../policies.js';
import type { IdentifiedUser, SignInFacts, StepBinding } from '../sign-in.js';
import { challengeOf, FaultLog, issuedBy, RouteAddresses, verifierDigestOf } from '../nest/internal.js';
import type { AnswerForm, TokenAnswerContext } from './answer-options.js';
import { Describes, type Answer } from './open-api.js';
import { ABOUT } from './token-answers.js';
import { introspect, type Introspection } from './introspection.js';
import { loginOptions, type SignInContext, type SignInOptions } from './shared-options.js';
import { stepsOf } from './routing.js';
import type { ContinuationBody } from './sign-in-body.js';
import type { RefreshRequest } from './token-bodies.js';

/** How the answers of the token routes may differ. */
export interface TokenAnswers extends AnswerForm {
  /** What a sign-in and a refresh answer. @defaultValue {access_token, refresh_token, token_type, expires_in} */
  readonly toResponse?: (pair: TokenPair, context: TokenAnswerContext) => unknown;
  /**
   * The class of that answer, with `@ApiProperty()` on its members, for OpenAPI. Without one, a `toResponse` of your own, or a subclass
   * that overrides `signIn`, `renew` or `toResponse`, leaves the body undescribed. @defaultValue none
   */
  readonly response?: Type<object>;
}

/** How a further step is bound to the client that began the sign-in, which keeps no cookies. */
export interface TokenStepOptions {
  /**
   * Whether a client must keep a secret between the steps of a sign-in. `'required'`: every sign-in has the header `Sign-In-Challenge`, the
   * base64url SHA-256 of 43 to 128 random characters, and every further step those characters as `Sign-In-Verifier`; without them it is 400
   * `invalid_request`, before a password is looked at. `'optional'`: a client that sends none is bound by its `User-Agent` alone, which is no
   * secret. Only beside `steps`. @defaultValue 'optional'
   */
  readonly binding?: 'optional' | 'required';
}

/** How logins by tokens may differ. */
export type TokenLoginOptions = Omit<IssueOptions, 'accept' | 'acr' | 'amr' | 'authTime'>;

/**
 * What the token routes do, as methods to override. Extend the class that `tokenController()` made, so that the routes come along;
 * a subclass may add routes of its own.
 */
export abstract class TokenController {
  @Inject(TokenService) protected readonly tokens!: TokenService;
  @Inject(SignInService) protected readonly signIns!: SignInService;
  @Inject(LoginStore) protected readonly logins!: LoginStore;
  @Inject(FaultLog) private readonly faults!: FaultLog;
  @Inject(RouteAddresses) private readonly addresses!: RouteAddresses;
  /** What `tokenController()` was asked for. */
  protected readonly options: TokenAnswers & TokenStepOptions & SignInOptions<object, TokenLoginOptions> = {};

  /** The answer that hands a pair out. */
  protected toResponse(pair: TokenPair, context: TokenAnswerContext): unknown {
    if (this.options.toResponse !== undefined) return this.options.toResponse(pair, context);
    const { accessToken, refreshToken, expiresIn } = pair;
    return { access_token: accessToken, refresh_token: refreshToken, token_type: 'Bearer', expires_in: expiresIn };
  }

  /** What the login of this user is to be like. Override it for scopes or claims of your own. */
  protected issueOptions(
    user: AuthUser,
    context: SignInContext<object>,
  ): TokenLoginOptions | Promise<TokenLoginOptions> {
    return loginOptions(this.options, user, context);
  }

  /**
   * @throws {AuthError} `invalid_credentials`, the same for every reason; `invalid_request` without the secret that `binding` demands;
   * `misconfigured` for a token that cannot be issued
   */
  protected async signIn(body: object, facts: SignInFacts): Promise<unknown> {
    const binding = this.options.steps === undefined ? undefined : this.bound(this.demanded(challengeOf(facts)));
    return this.handOut(await this.signIns.identify(body, facts, binding), { body, facts });
  }

  /** @throws {AuthError} as `SignInService.resume`: `invalid_credentials`, the same for every reason */
  protected async resume(sent: ContinuationBody, facts: SignInFacts): Promise<unknown> {
    const { continuation } = sent;
    const binding = this.bound(this.demanded(verifierDigestOf(facts)));
    const found = await this.signIns.resume({ continuation, body: sent }, facts, binding);
    return this.handOut(found, { body: undefined, facts });
  }

  /** @throws {AuthError} as `TokenService.refresh` */
  protected async renew({ refreshToken, scopes }: RefreshRequest, facts: SignInFacts): Promise<unknown> {
    const renewed = await issuedBy(() => this.tokens.refreshLogin(refreshToken, { scopes }), this.faults);
    return this.toResponse(renewed.pair, { user: renewed.user, occasion: 'refresh', facts });
  }

  /** Looked at before the credentials, so that it says nothing about them. */
  private demanded(secret: string | undefined): string | undefined {
    if (secret === undefined && this.options.binding === 'required')
      throw new AuthError('invalid_request', { problems: [NEEDS_SECRET] });
    return secret;
  }

  private bound(secret: string | undefined): StepBinding {
    return { secret, at: JSON.stringify(['token', stepsOf(this, this.addresses)]) };
  }

  private async handOut(
    { user, acr, amr, authTime, step }: IdentifiedUser,
    { body, facts }: Omit<SignInContext<object>, 'step'>,
  ): Promise<unknown> {
    const options = await this.issueOptions(user, { body, step, facts });
    const pair = await issuedBy(() => this.tokens.issue(user, { ...options, acr, amr, authTime }), this.faults);
    return this.toResponse(pair, { user, occasion: 'sign-in', facts });
  }

  /** @throws {AuthError} as `TokenService.verify` */
  protected async verifyToken(token: string): Promise<void> {
    await this.tokens.verify(token, { kind: 'access' });
  }

  /** Silent about unknown tokens (RFC 7009 §2.2). @throws {AuthError} the 503 codes */
  protected async end(token: string): Promise<void> {
    await this.tokens.revoke(token);
  }

  /** @throws {AuthError} the 503 codes */
  protected async describe(token: string): Promise<Introspection> {
    return introspect(token, { tokens: this.tokens, logins: this.logins });
  }
}

/** The role `staff`, or the scope `introspect`, which is for clients. */
export const staffOrIntrospectors: Policy = ({ principal: { roles, scopes } }) =>
  roles.includes('staff') || scopes.includes('introspect');

/** A route that is open to all: a stale header must not prevent a sign-in. `false` is not a route. */
export function OpenRoute(path: string | false, answer: Answer): MethodDecorator {
  return path === false ? unrouted : applyDecorators(Public(), ...routed(path, answer));
}

/** A route for callers that the policy accepts, clients included. `false` is not a route. */
export function PolicyRoute(path: string | false, policy: Policy): MethodDecorator {
  if (path === false) return unrouted;
  const demands = [UseGuards(JwtAuthGuard), Authorize(policy)];
  return applyDecorators(...demands, AllowClients(), AllowRestrictedClients(), ...routed(path, ABOUT));
}

function routed(path: string, answer: Answer): readonly MethodDecorator[] {
  return [Post(path), HttpCode(answer.status), Header('Cache-Control', 'no-store'), Describes(answer)];
}

const NEEDS_SECRET = 'a sign-in here has the header Sign-In-Challenge, and a further step the header Sign-In-Verifier';

const unrouted: MethodDecorator = () => {};
