// The user on the request before guards run, for loggers and throttlers. It shows, and decides nothing: the guard of the route does.
import { Logger, type INestApplication, type Type } from '@nestjs/common';
import { withTimeout } from '../../core/base/timeout.js';
import { shown } from '../../core/base/shown.js';
import { configurationOf, tokenIn, type ConfigurationName } from '../options/named-tokens.js';
import { brandedGuard, type BrandedGuard } from '../routes/effective-policy.js';
import { recordOf, show } from '../transport/contexts.js';
import { anyOf, type AuthGuardBase } from './auth.guards.js';
import { RouteAuthenticator } from './route-authenticator.js';

/** How a request is looked at early. */
export interface EarlyAuthenticationOptions {
  /**
   * The guard whose schemes are tried: one of the library, such as `AuthGuardFor('bearer', 'api-key')`. @defaultValue bearer tokens, and
   * cookies and sessions if they are configured
   */
  readonly guard?: Type<AuthGuardBase>;
}

/** Without this bound a store that hangs would hold every request, public ones included. */
const PATIENCE_MS = 1_000;

type Next = () => void;

/** As far as a hook is added. */
interface Hooks {
  addHook(name: 'onRequest', hook: (request: object) => Promise<void>): unknown;
}

/**
 * Shows who asks before guards run: `request.user` and `request.auth`, for loggers, throttlers and middleware. Call it once before the
 * application listens, after the session middleware (on Fastify: after its plugin was awaited) and before what reads the user.
 *
 * The credentials take the way of every guard: signature, CSRF token, blocklist, user, account checks. Whatever fails (a bad credential,
 * a store that is down, no answer within 1 s, an inactive user, a client) leaves the request without a user and lets it pass. Nothing is
 * granted: guards decide on their own, go on from what was found out up to 1 s ago, and `@CurrentUser()` shows only what they decided.
 * **Never allow anything because `request.user` is there.**
 *
 * @throws {TypeError} for a `guard` that is not one of the library, and without AuthModule
 * @example
 * ```ts
 * import type { INestApplication } from '@nestjs/common';
 * import { authenticateEarly } from 'nestjs-latchkey/browser';
 *
 * export async function start(app: INestApplication): Promise<void> {
 *   authenticateEarly(app);
 *   await app.listen(3000);
 * }
 * ```
 */
export function authenticateEarly(app: INestApplication, options: EarlyAuthenticationOptions = {}): void {
  const guard = guardIn(options);
  const early = new EarlyAuthentication(routesOf(app, configurationOf(guard)), guard);
  const adapter = app.getHttpAdapter();
  // An application of Fastify.
  if (adapter.getType() === 'fastify')
    (adapter.getInstance() as Hooks).addHook('onRequest', (request) => early.showOn(request));
  else app.use(early.middleware);
}

/** Looks at requests for one application. */
class EarlyAuthentication {
  private readonly logger = new Logger('AuthModule');
  private isLogged = false;

  constructor(
    private readonly routes: RouteAuthenticator,
    private readonly guard: BrandedGuard,
  ) {}

  readonly middleware = async (request: object, _response: unknown, next: Next): Promise<void> => {
    await this.showOn(request);
    next();
  };

  /** Puts the user on the request, if there is one. Never rejects. */
  async showOn(request: object): Promise<void> {
    try {
      const record = recordOf(request);
      const principal = await withTimeout(PATIENCE_MS, () => this.routes.identify(record, this.guard));
      if (principal === undefined) return;
      const answer = { auth: principal, user: principal.user };
      show(request, answer);
      // Middleware of Nest on Fastify sees the request of Node.
      if ('raw' in request) show(request.raw, answer);
    } catch (error) {
      this.complain(error);
    }
  }

  /** A mistake in the configuration would otherwise leave every request without a user, and say nothing. */
  private complain(error: unknown): void {
    if (this.isLogged || !(error instanceof Error) || error.name !== 'AuthConfigurationError') return;
    this.isLogged = true;
    this.logger.error(`authenticateEarly() shows no user: ${error.message}`);
  }
}

/** Those of the guard's own configuration: the users of another one may have the same ids. */
function routesOf(app: INestApplication, name: ConfigurationName): RouteAuthenticator {
  try {
    return app.get(tokenIn(name, RouteAuthenticator), { strict: false });
  } catch (cause) {
    const missing = name === undefined ? '' : `{ name: '${name}', ... }`;
    throw new TypeError(
      `authenticateEarly() needs AuthModule: import AuthModule.forRoot(${missing}) in the root module.`,
      { cause },
    );
  }
}

function guardIn({ guard }: EarlyAuthenticationOptions): BrandedGuard {
  if (guard === undefined) return anyOf(['bearer', 'cookie?', 'session?'], undefined) as unknown as BrandedGuard;
  const branded = typeof guard === 'function' ? brandedGuard(guard) : undefined;
  if (branded !== undefined) return branded;
  throw new TypeError(
    `authenticateEarly() was given the guard ${shown([guard])}; it takes a guard of this library: { guard: SessionOrJwtGuard }.`,
  );
}
