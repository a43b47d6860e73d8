// Owns what happens when the application starts: everything that may be wrong is found now, and said at once.
import { Inject, Injectable, Logger, type OnModuleInit, type Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, ModuleRef } from '@nestjs/core';
import { AuthConfigurationError } from '../core/errors.js';
import type { Scheme } from '../core/schemes.js';
import { checkStores, type Stores } from '../core/stores.js';
import { ForeignUserSource, UserSource, Users } from '../core/users.js';
import type { AuthModuleStructure } from './auth.options.js';
import { brandedGuard, effectivePolicy, policyProblems } from './effective-policy.js';
import { RouteAuthenticator } from './route-authenticator.js';
import { routesOf } from './routes.js';
import type { AuthSettings } from './settings.js';
import { AUTH_SETTINGS, AUTH_STRUCTURE, RAW_STORES } from './tokens.js';

/** Finishes the wiring that needs the whole application, and judges it. */
@Injectable()
export class AuthBoot implements OnModuleInit {
  private readonly logger = new Logger('AuthModule');

  @Inject(AUTH_SETTINGS) private readonly settings!: AuthSettings;
  @Inject(AUTH_STRUCTURE) private readonly structure!: AuthModuleStructure;
  @Inject(RAW_STORES) private readonly stores!: Stores;
  @Inject(Users) private readonly users!: Users;
  @Inject(RouteAuthenticator) private readonly routes!: RouteAuthenticator;
  @Inject(ModuleRef) private readonly modules!: ModuleRef;
  @Inject(DiscoveryService) private readonly discovery!: DiscoveryService;

  async onModuleInit(): Promise<void> {
    for (const warning of this.settings.warnings) this.logger.warn(warning);
    const problems = [
      ...this.findUsers(),
      ...this.findSchemes(),
      ...this.judgeControllers(),
      ...(await this.judgeStores()),
      ...this.judgeRoutes(),
    ];
    if (problems.length > 0) throw new AuthConfigurationError(problems);
  }

  /** The sources may live in any module, and may themselves need services of ours: so they are looked up, not injected. */
  private findUsers(): readonly string[] {
    const users = this.lookUp<UserSource>('users', this.structure.users);
    const foreignUsers = this.lookUp<ForeignUserSource>('foreignUsers', this.structure.foreignUsers);
    this.users.source = users.found;
    this.users.foreignSource = foreignUsers.found;
    return [...users.problems, ...foreignUsers.problems];
  }

  private findSchemes(): readonly string[] {
    return (this.structure.schemes ?? []).flatMap((given) => {
      const { found: scheme, problems } =
        typeof given === 'function' ? this.lookUp<Scheme>('schemes', given) : { found: given, problems: [] };
      if (scheme === undefined) return problems;
      if (this.routes.schemes.has(scheme.name)) return [`schemes has two of the name '${scheme.name}'`];
      this.routes.schemes.set(scheme.name, scheme);
      return [];
    });
  }

  private judgeControllers(): readonly string[] {
    const has = {
      credentials: this.users.source?.verifyCredentials !== undefined,
      signing: this.settings.issuing,
      cookies: this.settings.cookies !== undefined,
      csrf: true,
    };
    const remedies = {
      credentials: '`users`, a user source with verifyCredentials()',
      signing: '`issuer` and `keys`',
      cookies: '`cookies`',
      csrf: '`csrf`',
    };
    return (this.structure.controllers ?? []).flatMap(({ controller, requires }) =>
      requires
        .filter((need) => !has[need])
        .map((need) => `controllers has ${controller.name}, which needs ${remedies[need]}`),
    );
  }

  private async judgeStores(): Promise<readonly string[]> {
    try {
      await checkStores(this.stores);
      return [];
    } catch (error) {
      return [`stores: ${error instanceof Error ? error.message : 'the stores are not ready'}`];
    }
  }

  private judgeRoutes(): readonly string[] {
    const defaultGuard = brandedGuard(this.structure.defaultGuard);
    if (this.structure.defaultGuard === false)
      this.logger.warn('defaultGuard is false: routes that state no guard are open to all.');
    return routesOf(this.discovery, new MetadataScanner()).flatMap(({ owner, handler, name }) => {
      const policy = effectivePolicy(handler, owner, defaultGuard);
      const unknown = policy.guards.flatMap((guard) => problemsOf(() => this.routes.schemesOf(guard)));
      return [...policyProblems(handler, owner, policy), ...unknown].map((problem) => `${name}: ${problem}`);
    });
  }

  private lookUp<T>(
    option: string,
    token: unknown,
  ): { readonly found: T | undefined; readonly problems: readonly string[] } {
    if (token === undefined) return { found: undefined, problems: [] };
    const name = typeof token === 'function' ? token.name : String(token);
    try {
      // Nest's token types do not name abstract classes, which are tokens as good as any.
      return { found: this.modules.get<T>(token as Type<T>, { strict: false }), problems: [] };
    } catch {
      const remedy = `make ${name} a provider of one of your modules, in the default scope`;
      return {
        found: undefined,
        problems: [`${option} names ${name}, which is no provider, or one that is made anew per request: ${remedy}`],
      };
    }
  }
}

function problemsOf(work: () => unknown): readonly string[] {
  try {
    work();
    return [];
  } catch (error) {
    if (error instanceof AuthConfigurationError) return error.problems;
    throw error;
  }
}
