// The strategy behind `AuthGuard('jwt')`: our read path under passport's name. Passport keeps one strategy per name and process,
// so this one serves every application of the process and finds the right one by the request.
import passport from 'passport';
import { AuthConfigurationError, type AuthError, type Decision } from '../index.js';
import { PLAIN_POLICY, type BrandedGuard, type EffectivePolicy, leave } from '../nest/internal.js';

/** What the strategy asks of an application: who is asking, and how a refusal is worded. */
export interface PassportApplication {
  decide(request: unknown, policy: EffectivePolicy, guard: BrandedGuard): Promise<Decision>;
  /** The exception of a refusal that ends the chain. */
  refuse(error: AuthError, request: object): Error;
  /** Keeps the headers of a refusal that the next strategy of the chain may still turn into success. */
  accompany(error: AuthError, request: object): void;
  readonly guard: BrandedGuard;
}

/** A text, so that two copies of the package in one process share the strategy of the first. */
const APPLICATIONS = Symbol.for('nestjs-latchkey:passport-applications');

type Applications = Map<object, PassportApplication>;

/** The strategy as passport runs it: on an object made from it, which answers through these. */
interface Running {
  success(user: unknown, info?: unknown): void;
  fail(challenge: unknown, status?: number): void;
  error(error: unknown): void;
}

/** Runs the read path of the application that the request belongs to. */
export class LatchkeyStrategy {
  readonly [APPLICATIONS]: Applications = new Map();

  constructor(readonly name: string) {}

  authenticate(this: LatchkeyStrategy & Running, request: object): void {
    const application = applicationOf(request, this[APPLICATIONS]);
    if (application === undefined) {
      return this.error(new Error(`No running application of this request uses the strategy '${this.name}'.`));
    }
    // Passport's `AuthGuard` can require a user, and nothing more.
    application.decide(request, PLAIN_POLICY, application.guard).then(
      (decision) => answer(this, request, { application, decision }),
      (error: unknown) => this.error(error),
    );
  }
}

function answer(
  running: Running,
  request: object,
  { application, decision }: { readonly application: PassportApplication; readonly decision: Decision },
): void {
  if (!('error' in decision)) {
    const { principal } = decision;
    leave(request, { auth: principal, user: principal?.user });
    return running.success(principal?.user, principal);
  }
  const { error } = decision;
  // An invalid credential lets the next strategy of the chain try, as usual; forbidden and unavailable end the chain.
  if (error.status !== 401) return running.error(application.refuse(error, request));
  application.accompany(error, request);
  running.fail(error, error.status);
}

/** On Express the request knows its application; on Fastify its server, which plugins wrap in objects made from it. */
function applicationOf(request: object, applications: Applications): PassportApplication | undefined {
  const { app, server } = request as { readonly app?: unknown; readonly server?: unknown };
  for (let instance = app ?? server; canHaveMembers(instance); instance = Object.getPrototypeOf(instance)) {
    const found = applications.get(instance);
    if (found !== undefined) return found;
  }
  return undefined;
}

function canHaveMembers(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** What holds a name in passport's registry; its types do not show how to ask. */
function registered(name: string): unknown {
  return (passport as unknown as { _strategy(name: string): unknown })._strategy(name);
}

function applicationsUnder(name: string): Applications | undefined {
  const strategy = registered(name);
  return canHaveMembers(strategy) && APPLICATIONS in strategy
    ? (strategy as LatchkeyStrategy)[APPLICATIONS]
    : undefined;
}

/**
 * Lets the strategy of that name serve an application.
 * @param instance what `getHttpAdapter().getInstance()` says
 * @throws {AuthConfigurationError} if another strategy has the name
 */
export function enlist(name: string, instance: object, application: PassportApplication): void {
  assertOurs(name, registered(name) === undefined || registered(name) === null);
  const applications = applicationsUnder(name) ?? register(name);
  applications.set(instance, application);
}

/** Takes an application out again; with the last one the name is free. */
export function strike(name: string, instance: object): void {
  const applications = applicationsUnder(name);
  applications?.delete(instance);
  if (applications?.size === 0) passport.unuse(name);
}

/** @throws {AuthConfigurationError} if another strategy has the name */
export function assertOurs(name: string, orFree = false): void {
  if (orFree || applicationsUnder(name) !== undefined) return;
  throw new AuthConfigurationError([
    `passport already has a strategy '${name}', so AuthGuard('${name}') would not run through this library: ` +
      `remove the provider that registers it, or import PassportJwtModule.register({ name: 'another' })`,
  ]);
}

function register(name: string): Applications {
  const strategy = new LatchkeyStrategy(name);
  // Passport's type wants its own base class, which adds nothing but the name.
  passport.use(name, strategy as unknown as passport.Strategy);
  return strategy[APPLICATIONS];
}
