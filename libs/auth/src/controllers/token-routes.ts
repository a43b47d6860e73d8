// What the token routes do, apart from where they are mounted. What is decided about a token is TokenService.
import { applyDecorators, Header, HttpCode, Inject, Post, UseGuards, type Type } from '@nestjs/common';
import { LoginStore } from '../stores.js';
import {
  type AuthUser,
  SignInService,
  type TokenPair,
  type IssueOptions,
  TokenService,
  type SignInCredentials,
  AllowClients,
  AllowRestrictedClients,
  Public,
  JwtAuthGuard,
  Authorize,
} from '../index.js';
import type { Policy } from '../policies.js';
import { FaultLog, issuedBy } from '../nest/internal.js';
import { deviceLabel } from './device-label.js';
import { Describes, type Answer } from './open-api.js';
import { ABOUT } from './token-answers.js';
import { introspect, type Introspection } from './introspection.js';

/** How the answers of the token routes may differ. */
export interface TokenAnswers {
  /** What a sign-in and a refresh answer. @defaultValue {access_token, refresh_token, token_type, expires_in} */
  readonly toResponse?: (pair: TokenPair) => unknown;
  /**
   * The class of that answer, with `@ApiProperty()` on its members, for OpenAPI. Without one, a `toResponse` of your own, or a subclass
   * that overrides `signIn`, `renew` or `toResponse`, leaves the body undescribed. @defaultValue none
   */
  readonly response?: Type<object>;
  /** What a device is called. @defaultValue `Firefox on Linux`, as far as the header tells */
  readonly toLabel?: (userAgent: string | undefined) => string | undefined;
}

/**
 * What the token routes do, as methods to override. Extend the class that `tokenController()` made, so that the routes come along;
 * a subclass may add routes of its own.
 */
export abstract class TokenController {
  @Inject(TokenService) protected readonly tokens!: TokenService;
  @Inject(SignInService) protected readonly signIns!: SignInService;
  @Inject(LoginStore) protected readonly logins!: LoginStore;
  @Inject(FaultLog) private readonly faults!: FaultLog;
  /** What `tokenController()` was asked for. */
  protected readonly answers: TokenAnswers = {};

  /** The answer that hands a pair out. */
  protected toResponse(pair: TokenPair): unknown {
    if (this.answers.toResponse !== undefined) return this.answers.toResponse(pair);
    const { accessToken, refreshToken, expiresIn } = pair;
    return { access_token: accessToken, refresh_token: refreshToken, token_type: 'Bearer', expires_in: expiresIn };
  }

  /** What the tokens of a sign-in are to be like. Override it for scopes or claims of your own. */
  protected issueOptions(_user: AuthUser, userAgent: string | undefined): IssueOptions | Promise<IssueOptions> {
    return { label: (this.answers.toLabel ?? deviceLabel)(userAgent) };
  }

  /** @throws {AuthError} `invalid_credentials`, the same for every reason; `misconfigured` for a token that cannot be issued */
  protected async signIn(credentials: SignInCredentials, userAgent: string | undefined): Promise<unknown> {
    const user = await this.signIns.verify(credentials);
    const options = await this.issueOptions(user, userAgent);
    return this.toResponse(await issuedBy(() => this.tokens.issue(user, options), this.faults));
  }

  /** @throws {AuthError} as `TokenService.refresh` */
  protected async renew(refreshToken: string): Promise<unknown> {
    return this.toResponse(await issuedBy(() => this.tokens.refresh(refreshToken), this.faults));
  }

  /** @throws {AuthError} as `TokenService.verify` */
  protected async judge(token: string): Promise<void> {
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

/** A route that is open to all: a stale header must not keep anybody from signing in. `false` is no route. */
export function OpenRoute(path: string | false, answer: Answer): MethodDecorator {
  return path === false ? unrouted : applyDecorators(Public(), ...routed(path, answer));
}

/** A route for callers that the policy lets in, machines included. `false` is no route. */
export function PolicyRoute(path: string | false, policy: Policy): MethodDecorator {
  if (path === false) return unrouted;
  const demands = [UseGuards(JwtAuthGuard), Authorize(policy)];
  return applyDecorators(...demands, AllowClients(), AllowRestrictedClients(), ...routed(path, ABOUT));
}

function routed(path: string, answer: Answer): readonly MethodDecorator[] {
  return [Post(path), HttpCode(answer.status), Header('Cache-Control', 'no-store'), Describes(answer)];
}

const unrouted: MethodDecorator = () => {};
