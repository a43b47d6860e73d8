// Start-up validation; reports all problems in one error.
import {
  Inject,
  Injectable,
  Logger,
  Optional,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import { AuthConfigurationError } from '../../core/base/errors.js';
import { HostSession } from '../../core/browser/session.js';
import type { Authentication } from '../../core/composition/create-authentication.js';
import type { Scheme } from '../../core/schemes/schemes.js';
import { unguarded } from '../../core/stores/guarded-stores.js';
import { checkStores, type Stores } from '../../core/stores/stores.js';
import type { ExternalUserSource, UserSource } from '../../core/users/users.js';
import { inConfiguration, overlapProblems, structuresIn } from '../configurations/configurations.js';
import type { AuthModuleStructure } from '../options/auth.options.js';
import { ContextBoot } from './context-boot.js';
import { AuthCookies } from '../browser/auth-cookies.js';
import { browserProblems, placeRefreshCookie } from './browser-services.js';
import { habitNotices } from '../guards/passport-habits.js';
import { GlobalGuards } from '../routes/global-guards.js';
import { RouteAddresses } from '../routes/route-addresses.js';
import { RouteAudit } from '../routes/route-audit.js';
import { RouteAuthenticator } from '../guards/route-authenticator.js';
import { isSchemeFactory, type SchemeFactory } from '../../core/schemes/scheme-factory.js';
import { loadingOf, moduleFreshnessProblems } from '../routes/freshness-problems.js';
import { routeTable } from '../routes/route-table.js';
import type { AuthSettings } from '../options/settings.js';
import { checkSessions } from './session-boot.js';
import { clusterWarnings } from '../surroundings/cluster-warnings.js';
import { peerVersionNotices } from '../../core/base/peer-versions.js';
import { staticFileNotices } from '../surroundings/static-files.js';
import { developmentUsers } from './production-answer.js';
import { bodyProblems } from './body-refusals.js';
import { AUTH_SETTINGS, AUTH_STRUCTURE, AUTHENTICATION } from '../options/injection-tokens.js';

/** What a lookup gave: a provider, or why there is none. */
interface Looked<T> {
  readonly found: T | undefined;
  readonly problems: readonly string[];
}

/** Finishes the wiring that needs the whole application, and checks it. */
@Injectable()
export class AuthBoot implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('AuthModule');

  @Inject(AUTH_SETTINGS) private readonly settings!: AuthSettings;
  @Inject(AUTH_STRUCTURE) private readonly structure!: AuthModuleStructure;
  @Inject(AUTHENTICATION) private readonly core!: Authentication;
  @Inject(RouteAuthenticator) private readonly routes!: RouteAuthenticator;
  @Inject(ModuleRef) private readonly modules!: ModuleRef;
  @Inject(RouteAudit) private readonly audit!: RouteAudit;
  @Inject(GlobalGuards) private readonly globals!: GlobalGuards;
  @Inject(RouteAddresses) private readonly addresses!: RouteAddresses;
  @Inject(HttpAdapterHost) private readonly adapters!: HttpAdapterHost;
  @Inject(HostSession) private readonly host!: HostSession;
  @Inject(AuthCookies) private readonly cookies!: AuthCookies;
  @Inject(ModulesContainer) private readonly container!: ModulesContainer;
  // The contexts belong to the application, and not to a configuration with a name.
  @Optional() @Inject(ContextBoot) private readonly contexts?: ContextBoot;

  private readonly factories = new Map<SchemeFactory, Scheme>();

  /** Those in use: a provider in the place of one is what requests ask. */
  private get stores(): Stores {
    return unguarded(this.core.stores);
  }

  async onModuleInit(): Promise<void> {
    const peers = this.structure.name === undefined ? peerVersionNotices() : [];
    const warnings = [...peers, ...this.settings.warnings, ...clusterWarnings(this.settings, this.stores)];
    for (const warning of warnings) this.logger.warn(warning);
    // Once more, for applications without http.
    if (this.structure.name === undefined) this.globals.takeSeats((context) => this.routes.policyOf(context));
    const problems = [
      ...this.globals.problems(),
      ...this.findUsers(),
      ...moduleFreshnessProblems(loadingOf(this.settings, this.structure), this.structure.externalUsers !== undefined),
      ...this.findSchemes(),
      ...this.checkControllers(),
      ...browserProblems(this.settings, this.structure, this.core.keys),
      ...placeRefreshCookie(this.settings, this.cookies, this.addresses),
      ...bodyProblems(this.settings, this.structure.name),
      ...overlapProblems(this.container, this.structure.name),
      ...(await this.laterProblems()),
    ];
    if (problems.length > 0) throw new AuthConfigurationError(problems);
    this.routes.ready = true;
  }

  /** The problems that need asynchronous work. */
  private async laterProblems(): Promise<readonly string[]> {
    const opened = configurationProblemsOf(this.core.lifecycle.open());
    return (await Promise.all([this.checkStores(), this.checkApplication(), opened])).flat();
  }

  /** @throws {AuthConfigurationError} for sessions that cannot hold a sign-in */
  onApplicationBootstrap(): void {
    if (this.settings.session.enabled) checkSessions(this.host, this.adapters);
    this.core.lifecycle.start();
  }

  onModuleDestroy(): void {
    this.core.lifecycle.stop();
  }

  /** The sources may live in any module, and may themselves need services of ours: so they are looked up, not injected. */
  private findUsers(): readonly string[] {
    const users = this.lookUp<UserSource>('users', this.structure.users);
    const externalUsers = this.lookUp<ExternalUserSource>('externalUsers', this.structure.externalUsers);
    this.core.users.source = users.found;
    this.core.users.externalSource = externalUsers.found;
    this.core.users.early = undefined;
    return [...users.problems, ...externalUsers.problems, ...this.checkUsers(users.found)];
  }

  /** Users for development alone are refused in production, and named elsewhere. */
  private checkUsers(source: UserSource | undefined): readonly string[] {
    const problems = developmentUsers(source);
    if (this.settings.production) return problems;
    for (const problem of problems) this.logger.warn(`Development mode: ${problem}`);
    return [];
  }

  /** Adds the application's own schemes to those of the module. OpenAPI does so before the application starts; twice is fine. */
  findSchemes(): readonly string[] {
    return (this.structure.schemes ?? []).flatMap((given) => {
      const { found: scheme, problems } = this.findScheme(given);
      if (scheme === undefined) return problems;
      const challenge = challengeProblem(scheme);
      if (challenge !== undefined) return [challenge];
      const known = this.routes.schemes.get(scheme.name) ?? scheme;
      if (known !== scheme) return [`schemes has two of the name '${scheme.name}'`];
      this.routes.schemes.set(scheme.name, scheme);
      return [];
    });
  }

  private findScheme(given: Scheme | SchemeFactory | Type<Scheme>): Looked<Scheme> {
    if (typeof given === 'function') return this.lookUp<Scheme>('schemes', given);
    if (!isSchemeFactory(given)) return { found: given, problems: [] };
    try {
      const made = this.factories.get(given) ?? given.schemeOf({ get: (token) => this.serviceOf(token) });
      this.factories.set(given, made);
      return { found: made, problems: [] };
    } catch (error) {
      return { found: undefined, problems: [`schemes: '${given.name}' cannot be made: ${reasonOf(error)}`] };
    }
  }

  private checkControllers(): readonly string[] {
    const has = {
      credentials: this.core.users.source?.verifyCredentials !== undefined,
      steps: this.core.users.source?.completeChallenge !== undefined && this.stores.oneTime !== undefined,
      signing: this.settings.issuing,
      cookies: this.settings.cookies !== undefined,
      session: this.settings.session.enabled,
      csrf: true,
    };
    const remedies = {
      credentials: '`users`, a user source with verifyCredentials()',
      steps: '`users`, a user source with completeChallenge(), and `stores` with `oneTime`',
      signing: '`issuer` and `keys`',
      cookies: '`cookies`',
      session: '`session`, and the session middleware of your framework',
      csrf: '`csrf`',
    };
    const basic = this.settings.basic !== undefined && !has.credentials ? [`basic needs ${remedies.credentials}`] : [];
    const mounted = (this.structure.controllers ?? []).flatMap(({ controller, requires }) =>
      requires
        .filter((need) => !has[need])
        .map((need) => `controllers has ${controller.name}, which needs ${remedies[need]}`),
    );
    return [...basic, ...mounted];
  }

  private async checkStores(): Promise<readonly string[]> {
    try {
      await checkStores(this.stores);
      return storeProblems(this.stores, this.settings);
    } catch (error) {
      if (error instanceof AuthConfigurationError) return error.problems.map((problem) => `stores: ${problem}`);
      return [`stores: ${error instanceof Error ? error.message : 'the stores are not ready'}`];
    }
  }

  /** Routes of all configurations are checked once: by the one without a name, which knows the schemes of the others then. */
  private async checkApplication(): Promise<readonly string[]> {
    if (this.structure.name !== undefined) return [];
    const others = structuresIn(this.container).flatMap(({ name }) => (name === undefined ? [] : [name]));
    for (const name of others) inConfiguration<AuthBoot>(this.container, name, AuthBoot)?.findSchemes();
    for (const notice of staticFileNotices(this.container)) this.logger.log(notice);
    return [...this.checkRoutes(), ...((await this.contexts?.problems()) ?? [])];
  }

  private checkRoutes(): readonly string[] {
    for (const notice of habitNotices(this.audit.guards())) this.logger.warn(notice);
    if (this.structure.defaultGuard === false && this.routes.defaults.guards.length === 0)
      this.logger.warn('defaultGuard is false: routes that state no guard are open to all.');
    const problems = this.audit.problems();
    if (this.structure.auditRoutes === true && problems.length === 0)
      this.logger.log(`Routes:\n${routeTable(this.audit.list())}`);
    return problems;
  }

  private lookUp<T>(option: string, token: unknown): Looked<T> {
    if (token === undefined) return { found: undefined, problems: [] };
    const name = typeof token === 'function' ? token.name || 'a function without a name' : String(token);
    try {
      return { found: this.serviceOf<T>(token), problems: [] };
    } catch {
      const remedy = `make ${name} a provider of one of your modules, in the default scope`;
      return {
        found: undefined,
        problems: [`${option} names ${name}, which is not a provider, or one that is created per request: ${remedy}`],
      };
    }
  }

  private serviceOf<T>(token: unknown): T {
    // Nest's token types do not name abstract classes, which are tokens as good as any.
    return this.modules.get<T>(token as Type<T>, { strict: false });
  }
}

/** The realm and the rest are ours to write; a challenge of several words would be two in the header. */
function challengeProblem({ name, challenge }: Scheme): string | undefined {
  if (challenge === undefined || /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(challenge)) return undefined;
  return `schemes: '${name}' has the challenge '${challenge}'; accepted is the name of a scheme, like 'Basic', or none`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'it is not a provider of the application';
}

/** The problems that some work rejects with. @throws whatever else it rejects with */
async function configurationProblemsOf(work: Promise<void>): Promise<readonly string[]> {
  try {
    await work;
    return [];
  } catch (error) {
    if (error instanceof AuthConfigurationError) return error.problems;
    throw error;
  }
}

/** Why the stores cannot do what the options ask of them. */
function storeProblems({ revocations }: Stores, { revocation }: AuthSettings): readonly string[] {
  if (revocation.freshness === 'every-request' || revocations.changesSince !== undefined) return [];
  return [
    `revocation.freshness needs a store that tells what changed, and ${revocations.constructor.name} has no changesSince(): ` +
      "say 'every-request'",
  ];
}
