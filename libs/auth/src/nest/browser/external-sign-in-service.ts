// From "another identity provider proved who this is" to a login of ours: in cookies, in the session of the host, or as tokens.
import type { EventSink } from '../../core/base/event-sink.js';
import type { Clock } from '../../core/base/clock.js';
import { dateOf } from '../../core/base/clock.js';
import { AuthError, reasonText } from '../../core/base/errors.js';
import { memberIn } from '../../core/base/members.js';
import { newId } from '../../core/base/new-id.js';
import type { AuthUser } from '../../core/base/principal.js';
import { shown } from '../../core/base/shown.js';
import { acrProblem, amrProblem, type Proof } from '../../core/base/proof.js';
import type {
  ExternalCallback,
  ExternalSignInRequest,
  ExternalSignIns,
  ExternalSignInStart,
} from '../../core/browser/external-sign-ins.js';
import type { IssueOptions } from '../../core/issuing/token-options.js';
import type { TokenPair } from '../../core/issuing/token-minter.js';
import type { TokenService } from '../../core/issuing/token-service.js';
import type { IdentifiedUser, SignInService, StepBinding } from '../../core/sign-in/sign-in-service.js';
import type { SignInAnswer, SignInFacts } from '../../core/users/sign-in-answers.js';
import type { AccountResolver } from '../../core/users/accounts.js';
import type { FaultLog } from '../refusals/fault-log.js';
import { issuedBy } from '../refusals/issued-by.js';
import type { RouteAddresses } from '../routes/route-addresses.js';
import { adaptRequest } from '../transport/adapt-request.js';
import type { Exchange } from '../transport/http-exchange.js';
import { signInFactsOf } from '../transport/sign-in-facts.js';
import { challengeOf } from '../transport/step-secret.js';
import type { AuthCookies } from './auth-cookies.js';
import { callbackParameters } from './callback-parameters.js';
import type { CookieSignIn } from './cookie-sign-in.js';
import { exchangeProblem } from './exchange-problems.js';
import type { SessionSignIn } from './session-sign-in.js';

/** The beginning of an external sign-in: the request and the response of the framework, and what begins. */
export interface ExternalSignInBegin extends Exchange, ExternalSignInStart {
  /**
   * True for providers that answer with a form (`response_mode=form_post`, as Apple does): the cookie is then `SameSite=None`, and needs https.
   * @defaultValue false
   */
  readonly formPost?: boolean | undefined;
}

/** A request of the framework at the callback, its response, and the provider whose callback it is. */
export interface ExternalSignInCallback extends Exchange {
  readonly provider: string;
}

/** What a login is made of, once it is known whose it is. */
export interface ExternalLogin extends Exchange {
  /** What the user is signed in with. */
  readonly as: 'cookies' | 'session' | 'tokens';
  /**
   * The claims of the verified ID token, if the application relies on how the provider authenticated the user: `acr`, `amr` and `auth_time`
   * are taken over, as far as they are there and have their types. Providers state `auth_time` if the request had `max_age`.
   * @defaultValue none: the login has what `proven()` or `challenge()` state, and begins now
   */
  readonly idToken?: object | undefined;
  /**
   * The address where a `challenge()` goes on, as browsers write it: `/auth/cookie/continue` of a `cookieController({ steps: true })`, or that of
   * the session or token routes. The options of that controller hold for the login.
   * @defaultValue none: a challenge is an error of the application
   */
  readonly continueAt?: string | undefined;
  /** How the login may differ from others. A session has of it what `SessionService.signIn` knows. @defaultValue as the module says */
  readonly login?: Omit<IssueOptions, 'accept' | 'acr' | 'amr' | 'authTime'> | undefined;
}

/**
 * Signs users in whom another identity provider authenticated. It keeps state, nonce and PKCE verifier in a sealed cookie of the browser that
 * began, and takes each callback once. The provider is asked by a library of its own (`openid-client`, passport): see
 * docs/external-sign-in.md.
 *
 * @example
 * ```ts
 * import type { ExternalSignInService } from 'nestjs-latchkey/browser';
 *
 * // `state`, `nonce` and the PKCE challenge of the answer belong in the address of the provider.
 * export const begin = (signIns: ExternalSignInService, request: object, response: object) =>
 *   signIns.begin({ request, response, provider: 'school', returnTo: '/courses' });
 * ```
 */
export class ExternalSignInService {
  /** @internal The module makes it: inject it. */
  constructor(
    private readonly parts: {
      readonly signIns: ExternalSignIns;
      readonly signIn: SignInService;
      readonly cookies: AuthCookies;
      readonly cookieSignIn: CookieSignIn;
      readonly sessionSignIn: SessionSignIn;
      readonly tokens: TokenService;
      readonly users: AccountResolver;
      readonly clock: Clock;
      readonly eventSink: EventSink;
      readonly faults: Pick<FaultLog, 'report'>;
      readonly addresses: Pick<RouteAddresses, 'placeAt'>;
      /** Told of exchanges that failed, for the log. */
      readonly onFailure: (sentence: string) => void;
      /** What the module signs in with. */
      readonly enabled: { readonly cookies: boolean; readonly session: boolean };
    },
  ) {}

  /**
   * Begins a sign-in: what the request to the provider needs. The browser keeps it too, in a cookie, for 15 minutes. Three can be under way in
   * one browser, one for each tab; a fourth takes the place of the oldest.
   *
   * @throws {AuthError} `invalid_request` for a `returnTo` that is not ours
   * @throws {TypeError} for a provider or verifier that cannot be used, and for `formPost` without secure cookies
   */
  begin({ request, response, formPost = false, ...start }: ExternalSignInBegin): ExternalSignInRequest {
    const begun = this.parts.signIns.begin(start, this.keptBy(request));
    this.parts.cookies.setExternalSignIn(response, begun.sealed, formPost);
    return begun.request;
  }

  /**
   * The sign-in that a callback belongs to: begun in this browser, with this provider, and not used before. Call it first, and give
   * `state`, `nonce` and `codeVerifier` to the library that asks the provider.
   *
   * @throws {AuthError} `external_state_invalid` for any other callback; `external_sign_in_refused` if the provider answered with an error
   * (`access_denied`); `store_unavailable`: the callback can be tried again then
   */
  async resume({ request, response, provider }: ExternalSignInCallback): Promise<ExternalCallback> {
    const { signIns, cookies } = this.parts;
    return this.published(async () => {
      const kept = this.keptBy(request);
      const end = (): void => {
        // Other tabs may come back yet. What was used stays beside them, and is refused by the store.
        if (signIns.isAlone(kept)) cookies.clearExternalSignIn(response);
      };
      try {
        const callback = await signIns.resume(kept, { provider, params: callbackParameters(request) });
        end();
        return callback;
      } catch (error) {
        // A callback that is not of this sign-in must not end it: another site can make the browser send one.
        if (error instanceof AuthError && error.code === 'external_sign_in_refused') end();
        throw error;
      }
    });
  }

  /**
   * Does the work that asks the provider, and answers its failures: an error of the provider or an ID token that does not fit is
   * `external_sign_in_refused` (401), no answer is `scheme_unavailable` (503). The log and the event name the kind of the error, never what it says.
   *
   * @throws {AuthError} those two, and whatever `AuthError` or `HttpException` the work rejects with
   * @throws {TypeError} and other errors of the engine, as the work threw them
   */
  async exchange<T>(work: () => Promise<T>): Promise<T> {
    return this.published(async () => {
      try {
        return await work();
      } catch (cause) {
        const error = exchangeProblem(cause);
        if (error instanceof AuthError && error.reason !== undefined)
          this.parts.onFailure(`A sign-in elsewhere was refused: ${reasonText(error.reason)}.`);
        throw error;
      }
    });
  }

  /**
   * Signs in the user whom the provider authenticated. Ends the login that this browser had before, as far as its cookies or session show it.
   *
   * @param answer what the application knows of the account that belongs to `(iss, sub)`: a user; `proven()` or `challenge()` of
   * `nestjs-latchkey/sign-in`; `undefined` or `null` if there is none. With a user source that has `completeChallenge`, a plain user is an
   * error of the application: say by `proven()` that no step is needed, or by `challenge()` which
   * @returns the tokens, if they are to be answered
   * @throws {AuthError} `external_sign_in_refused`, the same for no account and for an inactive one; `further_step_required`; `misconfigured`;
   * the 503 codes
   */
  complete(answer: SignInAnswer, options: ExternalLogin & { readonly as: 'tokens' }): Promise<TokenPair>;
  complete(answer: SignInAnswer, options: ExternalLogin & { readonly as: 'cookies' | 'session' }): Promise<undefined>;
  complete(answer: SignInAnswer, options: ExternalLogin): Promise<TokenPair | undefined>;
  async complete(answer: SignInAnswer, options: ExternalLogin): Promise<TokenPair | undefined> {
    this.assertEnabled(options.as);
    const facts = signInFactsOf(options.request);
    const { user, acr, amr, authTime } = await this.identify(answer, options, facts);
    return issuedBy(() => this.open(user, { ...options.login, acr, amr, authTime }, options), this.parts.faults);
  }

  /** Two cookies of the name are no sign-in of ours: another host of the site may have planted one. */
  private keptBy(request: unknown): string | undefined {
    const [sealed, ...others] = this.parts.cookies.externalSignInsOf(adaptRequest(request));
    return others.length === 0 ? sealed : undefined;
  }

  private async open(user: AuthUser, login: IssueOptions, exchange: ExternalLogin): Promise<TokenPair | undefined> {
    const { cookieSignIn, sessionSignIn, tokens } = this.parts;
    if (exchange.as === 'tokens') return tokens.issue(user, login);
    await (exchange.as === 'cookies' ? cookieSignIn : sessionSignIn).complete(exchange, user, login);
    return undefined;
  }

  /** A step is bound to this browser by a cookie; a client of tokens may bind it to a secret of its own. */
  private async identify(answer: unknown, options: ExternalLogin, facts: SignInFacts): Promise<IdentifiedUser> {
    const { signIn, cookies } = this.parts;
    const { as, continueAt, idToken, response } = options;
    const secret = as === 'tokens' ? challengeOf(facts) : newId();
    const binding = continueAt === undefined ? undefined : this.bindingOf(as, continueAt, secret);
    const stated = { ...proofIn(idToken), authTime: this.authTimeIn(idToken) };
    try {
      return await signIn.acceptExternal(answer, stated, { facts, binding });
    } catch (error) {
      if (as !== 'tokens' && error instanceof AuthError && error.step !== undefined && secret !== undefined)
        cookies.setStep(response, secret, error.step.expiresIn);
      throw error;
    }
  }

  /** As the controllers bind their steps, so that the sign-in goes on there and nowhere else. */
  private bindingOf(as: ExternalLogin['as'], continueAt: string, secret: string | undefined): StepBinding {
    const { addresses, users } = this.parts;
    const place = addresses.placeAt(continueAt);
    if (place === undefined)
      throw users.mistake(
        `continueAt of an external sign-in is an address where steps are posted; given was ${shown([continueAt])}.`,
      );
    return { secret, at: JSON.stringify([KINDS[as], place]) };
  }

  /** Never later than now: a provider whose clock is ahead would make a sign-in recent for longer. */
  private authTimeIn(idToken: object | undefined): Date | undefined {
    const stated = memberIn(idToken, 'auth_time');
    if (typeof stated !== 'number' || !Number.isFinite(stated) || stated < 0) return undefined;
    return dateOf(Math.min(stated, this.parts.clock.nowSeconds()));
  }

  private assertEnabled(as: ExternalLogin['as']): void {
    const { enabled, users } = this.parts;
    if (as !== 'tokens' && !enabled[as])
      throw users.mistake(`A sign-in elsewhere is to end in ${as}, and AuthModule has no option \`${as}\`: set it.`);
  }

  /** Refusals of {@link complete} are published where they are made. */
  private async published<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof AuthError)
        this.parts.eventSink.after({ type: 'sign_in_refused', code: error.code, reason: error.reason });
      throw error;
    }
  }
}

const KINDS = { cookies: 'cookie', session: 'session', tokens: 'token' } as const;

/** What the ID token states, as far as it has the types of OpenID Connect: some providers state a text as `amr`. */
function proofIn(idToken: object | undefined): Proof {
  const [acr, amr] = [memberIn(idToken, 'acr'), memberIn(idToken, 'amr')];
  return {
    acr: acrProblem(acr) === undefined ? (acr as string | undefined) : undefined,
    amr: amrProblem(amr) === undefined ? (amr as readonly string[] | undefined) : undefined,
  };
}
