// The check of sign-ins from a browser, in one step or several: CSRF first, and a cookie that binds the steps to this browser.
import { AuthError } from '../../core/base/errors.js';
import { newId } from '../../core/base/new-id.js';
import type { CsrfService } from '../../core/browser/csrf.js';
import type { IdentifiedUser, SignInService } from '../../core/sign-in/sign-in-service.js';
import { adaptRequest } from '../transport/adapt-request.js';
import type { Exchange } from '../transport/http-exchange.js';
import { signInFactsOf } from '../transport/sign-in-facts.js';
import type { AuthCookies } from './auth-cookies.js';

/** What was sent: the body, and at a further step the continuation that came with it. */
export interface SentStep {
  readonly body: object;
  readonly continuation?: string | undefined;
  /** Whether a further step can follow. @defaultValue false */
  readonly canGoOn?: boolean | undefined;
  /** Where the sign-in is: a continuation is refused elsewhere. The same text at each step. @defaultValue nothing */
  readonly at?: string | undefined;
}

/** Checks what a browser signs in with. */
export class BrowserSteps {
  constructor(
    private readonly parts: {
      readonly csrf: CsrfService;
      readonly signIn: SignInService;
      readonly cookies: AuthCookies;
    },
    /** By what the user is signed in, which is part of where. */
    private readonly kind: 'cookie' | 'session',
  ) {}

  /**
   * Who signs in.
   * @throws {AuthError} `csrf_*`, and those of `SignInService.identify` and `resume`
   */
  async identify(exchange: Exchange, sent: SentStep): Promise<IdentifiedUser> {
    const { csrf, cookies } = this.parts;
    const request = adaptRequest(exchange.request);
    csrf.enforceForAnyone(request);
    // A further step keeps what the first one set; without it there is nothing that this browser was told.
    const secret = sent.continuation === undefined ? newId() : cookies.stepOf(request);
    try {
      const found = await this.check(exchange, sent, secret);
      if (sent.continuation !== undefined) cookies.clearStep(exchange.response);
      return found;
    } catch (error) {
      if (error instanceof AuthError && error.step !== undefined && secret !== undefined)
        cookies.setStep(exchange.response, secret, error.step.expiresIn);
      throw error;
    }
  }

  private check(
    { request }: Exchange,
    { body, continuation, canGoOn, at: place }: SentStep,
    secret: string | undefined,
  ): Promise<IdentifiedUser> {
    const { signIn } = this.parts;
    const facts = signInFactsOf(request);
    const binding = { secret, at: JSON.stringify([this.kind, place]) };
    if (continuation === undefined) return signIn.identify(body, facts, canGoOn === true ? binding : undefined);
    // A browser that was told of a step has the cookie; a continuation without it came from elsewhere.
    if (secret === undefined) throw new AuthError('invalid_credentials');
    return signIn.resume({ continuation, body }, facts, binding);
  }
}
