// Sign-ins at identity providers by passport strategies: a guard that runs one on Express and on Fastify, and the store for the state of
// strategies of passport-oauth2.
import { Inject, mixin, type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import { memberIn } from '../core/internal.js';
import { AuthError } from '../index.js';
import { ExternalSignInService } from '../browser.js';
import { LoginRedirectError } from '../nest/internal.js';
import { runStrategy, type PassportStrategy, type StrategyOutcome } from './run-strategy.js';

/** It asks the provider, and after that the user source. */
const TIMEOUT_MS = 15_000;

/** A strategy is handed the request alone, and a cookie is set on the response. */
const responses = new WeakMap<object, unknown>();

/** What passport-oauth2 and strategies made of it take as `store`. */
export interface PassportStateStore {
  store(...given: never[]): void;
  verify(...given: never[]): void;
}

/** A callback of Node. */
type Done = (...given: unknown[]) => void;

/**
 * Keeps the state and the PKCE verifier of a strategy of passport-oauth2 in the cookie of {@link ExternalSignInService}: the option `store` of the
 * strategy, which also needs `pkce: true`. `authInfo` of the request has `{ state: { returnTo } }` afterwards.
 *
 * @param signIns the service, injected into the strategy
 * @param provider a name of the application, another one for each strategy
 *
 * @example
 * ```ts
 * import type { ExternalSignInService } from 'nestjs-latchkey/browser';
 * import { externalStateStore } from 'nestjs-latchkey/passport';
 *
 * export const strategyOptions = (signIns: ExternalSignInService) => ({
 *   pkce: true,
 *   store: externalStateStore(signIns, 'school'),
 * });
 * ```
 */
export function externalStateStore(signIns: ExternalSignInService, provider: string): PassportStateStore {
  return {
    // oxlint-disable-next-line max-params -- passport-oauth2 looks at the number of parameters
    store(request: object, verifier: string | undefined, _state: unknown, _meta: unknown, done: Done): void {
      void settle(done, async () => {
        if (verifier === undefined) throw new TypeError('The strategy needs the option `pkce: true`.');
        const returnTo = memberIn(memberIn(request, 'query'), 'next') as string | undefined;
        const exchange = { request, response: responseOf(request) };
        return [signIns.begin({ ...exchange, provider, returnTo, codeVerifier: verifier }).state];
      });
    },
    // oxlint-disable-next-line max-params -- passport-oauth2 looks at the number of parameters
    verify(request: object, _state: unknown, _meta: unknown, done: Done): void {
      void settle(done, async () => {
        const { codeVerifier, returnTo } = await signIns.resume({ request, response: responseOf(request), provider });
        return [codeVerifier, { returnTo }];
      });
    },
  };
}

/** Express keeps the response on the request; on Fastify the guard kept it. */
function responseOf(request: object): unknown {
  const response = responses.get(request) ?? memberIn(request, 'res');
  if (response === undefined)
    throw new TypeError('externalStateStore() found no response: guard the route with ExternalSignInGuard().');
  return response;
}

/**
 * A strategy goes on inside of `done`, and may throw there over what a client sent: no `try` of its own is around it by then, so that it would
 * end the process. It is told what it threw, as an error of its own run.
 */
async function settle(done: Done, work: () => Promise<readonly unknown[]>): Promise<void> {
  try {
    done(null, ...(await work()));
  } catch (error) {
    done(error);
  }
}

/**
 * A guard that signs users in by a strategy of an identity provider, in the place of `AuthGuard('google')`: it also runs on Fastify, and refuses as
 * this library does. The user is `request.user`, for `ExternalSignInService.complete()`; the route is `@Public()`.
 *
 * @param strategy the class of the strategy, which is a provider of the module
 *
 * @example
 * ```ts
 * import { Controller, Get, UseGuards } from '@nestjs/common';
 * import { Public } from 'nestjs-latchkey';
 * import { ExternalSignInGuard } from 'nestjs-latchkey/passport';
 * import { Strategy } from 'passport-oauth2';
 *
 * @Controller('school')
 * export class SchoolController {
 *   // The guard sends the browser to the provider.
 *   @Public()
 *   @UseGuards(ExternalSignInGuard(Strategy))
 *   @Get('login')
 *   login() {}
 * }
 * ```
 */
export function ExternalSignInGuard(strategy: Type<PassportStrategy>): Type<CanActivate> {
  class StrategyGuard implements CanActivate {
    @Inject(ExternalSignInService) private readonly signIns!: ExternalSignInService;
    @Inject(strategy) private readonly strategy!: PassportStrategy;

    async canActivate(context: ExecutionContext): Promise<boolean> {
      const http = context.switchToHttp();
      const request = http.getRequest<object>();
      responses.set(request, http.getResponse());
      const run = { request, options: {}, timeoutMs: TIMEOUT_MS };
      const outcome = await runStrategy(this.strategy, run);
      // The way to the provider, and no refusal.
      if (outcome.end === 'redirect') throw redirectTo(outcome);
      const { user, info } = await this.signIns.exchange(async () => successOf(outcome));
      Object.assign(request, { user, authInfo: info });
      return true;
    }
  }
  return mixin(StrategyGuard);
}

function redirectTo({ url, status }: { readonly url: string; readonly status: number }): AuthError {
  return new AuthError('unauthenticated', { cause: new LoginRedirectError(url, status) });
}

/** @throws whatever kept the strategy from authenticating the user */
function successOf(outcome: StrategyOutcome): Extract<StrategyOutcome, { readonly end: 'success' }> {
  if (outcome.end === 'success') return outcome;
  if (outcome.end === 'error') throw outcome.error;
  throw new AuthError('external_sign_in_refused', { reason: { rule: 'the strategy did not authenticate the user' } });
}
