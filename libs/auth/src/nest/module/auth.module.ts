// The module: what an application imports. Options are checked in options-check.ts, services wired in services.ts.
import { Inject, Module, Optional, type DynamicModule, type NestModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AuthConfigurationError } from '../../core/base/errors.js';
import { ConfigurableModuleClass, type AuthModuleAsyncOptions } from './auth.module-definition.js';
import { GlobalGuards } from '../routes/global-guards.js';
import { RouteAuthenticator } from '../guards/route-authenticator.js';
import { suggest } from '../../core/base/did-you-mean.js';
import { ImportCheck } from '../configurations/import-check.js';
import type { AuthModuleOptions, AuthModuleStructure } from '../options/auth.options.js';
import { BodyRefusals } from './body-refusals.js';
import { RefusalHandling } from './refusal-handling.js';
import { STRUCTURE_NAMES } from '../options/options-check.js';
import { nameProblem, OF_THE_APPLICATION } from '../options/schema/module-structure.js';

/** What may stand beside an async factory. */
const ASYNC_NAMES = [
  ...STRUCTURE_NAMES,
  'imports',
  'inject',
  'useFactory',
  'useClass',
  'useExisting',
  'provideInjectionTokensFrom',
];

/**
 * Authentication for the whole application, configured once.
 *
 * @example
 * ```ts
 * import { Module } from '@nestjs/common';
 * import { AuthModule } from 'nestjs-latchkey';
 *
 * @Module({ imports: [AuthModule.forRoot()] })
 * export class AppModule {}
 * ```
 */
@Module({ imports: [DiscoveryModule], providers: [ImportCheck] })
export class AuthModule implements NestModule {
  // Only the configuration without a name has them.
  @Optional() @Inject(RefusalHandling) private readonly refusals: RefusalHandling | undefined;
  @Optional() @Inject(BodyRefusals) private readonly bodies: BodyRefusals | undefined;
  @Optional() @Inject(GlobalGuards) private readonly globals: GlobalGuards | undefined;
  @Optional() @Inject(RouteAuthenticator) private readonly routes: RouteAuthenticator | undefined;

  /** Called after the application has registered its filters and guards, and before its routes are made. */
  configure(): void {
    const { routes } = this;
    this.refusals?.settle();
    this.bodies?.prepare();
    if (routes !== undefined) this.globals?.takeSeats((context) => routes.policyOf(context));
  }

  /**
   * Structure and values in one object. Without arguments: a key made at boot and stores in memory, and a warning that names what
   * production needs; with NODE_ENV=production it then refuses to start.
   *
   * Once per application; a second configuration on purpose has a `name`, see `authConfiguration()`.
   * @throws {AuthConfigurationError} for an unknown name, and for options that a named configuration cannot have
   */
  static forRoot(options: AuthModuleOptions & AuthModuleStructure = {}): DynamicModule {
    assertNamed(options);
    return { ...ConfigurableModuleClass.forRoot(options), module: this };
  }

  /**
   * Structure in the object, values from `useFactory`, `useClass` or `useExisting` (a class with `createAuthOptions()`).
   * @throws {AuthConfigurationError} for a name beside the factory that is not a structural option
   */
  static forRootAsync(options: AuthModuleAsyncOptions): DynamicModule {
    const problems = Object.keys(options)
      .filter((name) => !ASYNC_NAMES.includes(name))
      .map((name) => {
        const near = suggest(name, ASYNC_NAMES);
        return `${name} cannot stand beside the factory${near === undefined ? ': values come from it' : `; did you mean ${near}?`}`;
      });
    if (problems.length > 0) throw new AuthConfigurationError(problems);
    assertNamed(options);
    return { ...ConfigurableModuleClass.forRootAsync(options), module: this };
  }
}

/** @throws {AuthConfigurationError} for an unknown name, and for options that a named configuration cannot have */
function assertNamed(options: AuthModuleStructure): void {
  const { name } = options;
  if (name === undefined || name === null) return;
  const problem = nameProblem(name);
  if (problem !== undefined) throw new AuthConfigurationError([`name ${problem}`]);
  const given = OF_THE_APPLICATION.filter((option) => options[option] !== undefined && options[option] !== false);
  if (given.length === 0) return;
  throw new AuthConfigurationError(
    given.map(
      (option) =>
        `${option} concerns every route of the application: state it in the configuration without a name; ` +
        `routes of '${name}' name a guard, such as @UseGuards(authConfiguration('${name}').JwtAuthGuard)`,
    ),
  );
}
