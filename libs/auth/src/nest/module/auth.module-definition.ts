// The boilerplate of a configurable module: structure as extras, so that a factory cannot answer with them.
import {
  ConfigurableModuleBuilder,
  type ConfigurableModuleAsyncOptions,
  type DynamicModule,
  type InjectionToken,
  type Provider,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuditSink } from '../../core/audit/audit.js';
import { memoryStores } from '../../core/stores/memory-stores.js';
import { JwtAuthGuard } from '../guards/auth.guards.js';
import { DefaultAuthGuard, GlobalDispatch } from '../guards/default-guard.js';
import type { AuthModuleOptions, AuthModuleStructure } from '../options/auth.options.js';
import { readStructure, STRUCTURE_NAMES } from '../options/options-check.js';
import type { ResolvedStructure } from '../options/resolved-structure.js';
import { coreExports, coreProviders } from './core-services.js';
import { AuthErrorFilter } from '../refusals/auth-error.filter.js';
import { BodyRefusals } from './body-refusals.js';
import { RateLimitFilter } from './rate-limit.filter.js';
import { AuthBoot } from './auth.boot.js';
import { boundProvider, boundTo } from '../configurations/bound-classes.js';
import { declareTokens, tokenIn } from '../options/named-tokens.js';
import { refusalHandling } from './refusal-handling.js';
import { applicationProviders, exportedServices, serviceProviders } from './services.js';
import { AUTH_MODULE_OPTIONS, AUTH_STRUCTURE, DEFAULT_GUARD } from '../options/injection-tokens.js';

/** What `useClass` and `useExisting` name: a provider that answers with the values. */
export interface AuthOptionsFactory {
  /** Called once, at boot. What it throws stops the boot. */
  createAuthOptions(): AuthModuleOptions | Promise<AuthModuleOptions>;
}

/** What `AuthModule.forRootAsync()` takes: structure beside the factory, and everything else from it. */
export type AuthModuleAsyncOptions = AuthModuleStructure &
  ConfigurableModuleAsyncOptions<AuthModuleOptions, 'createAuthOptions'>;

/** Every structural option by its name: what is not named here is taken for a value. */
const structureDefaults: AuthModuleStructure = {
  // Cleared by each option that has a default.
  ...(Object.fromEntries(STRUCTURE_NAMES.map((name) => [name, undefined])) as AuthModuleStructure),
  ...readStructure({}).value,
  defaultGuard: JwtAuthGuard,
};

export const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<AuthModuleOptions>({
  moduleName: 'Auth',
  optionsInjectionToken: AUTH_MODULE_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createAuthOptions')
  // The builder fills in every default, so what arrives in `build` is the resolved structure.
  .setExtras(structureDefaults, (definition, structure) => build(definition, resolved(structure)))
  .build();

/** Absent is absent, however it is spelled, and what has no sense is named and left out. */
function resolved(given: AuthModuleStructure): ResolvedStructure {
  const { problems, value } = readStructure(given);
  // Invalid values are replaced by their defaults.
  return { ...structureDefaults, ...value, problems } as ResolvedStructure;
}

function build(definition: DynamicModule, structure: ResolvedStructure): DynamicModule {
  return structure.name === undefined
    ? buildMain(definition, structure)
    : buildNamed(structure.name, definition, structure);
}

/** What belongs to the application as a whole is in the configuration without a name alone. */
function buildNamed(name: string, definition: DynamicModule, given: ResolvedStructure): DynamicModule {
  const controllers = (given.controllers ?? []).map((mounted) => ({
    ...mounted,
    controller: boundTo(name, mounted.controller),
  }));
  const structure: ResolvedStructure = { ...given, controllers, defaultGuard: false };
  const services = [...commonProviders(structure), ...(definition.providers ?? [])];
  return {
    ...moduleOf(definition, structure),
    providers: services.map((provider) => boundProvider(name, provider)),
    exports: exportsOf(structure).map((token) => tokenIn(name, token)),
  };
}

function buildMain(definition: DynamicModule, structure: ResolvedStructure): DynamicModule {
  return {
    ...moduleOf(definition, structure),
    providers: [
      ...(definition.providers ?? []),
      ...commonProviders(structure),
      ...applicationProviders,
      ...guardProviders(structure),
    ],
    exports: [...exportsOf(structure)],
  };
}

function moduleOf(definition: DynamicModule, structure: ResolvedStructure): DynamicModule {
  const { imports = [] } = structure.stores ?? memoryStores();
  return {
    ...definition,
    global: structure.isGlobal,
    // A factory is typed loosely because the core knows no framework; its fields mean what they mean to Nest.
    imports: [...(definition.imports ?? []), ...(imports as NonNullable<DynamicModule['imports']>)],
    controllers: (structure.controllers ?? []).map(({ controller }) => controller),
  };
}

/** What every configuration has. */
function commonProviders(structure: ResolvedStructure): Provider[] {
  return [{ provide: AUTH_STRUCTURE, useValue: structure }, ...coreProviders(structure), ...serviceProviders, AuthBoot];
}

function exportsOf({ audit }: ResolvedStructure): readonly InjectionToken[] {
  return [...coreExports, ...exportedServices, ...(audit === undefined ? [] : [AuditSink])];
}

/** The default guard is a provider of its own, so that `overrideProvider(DefaultAuthGuard)` replaces it in a test. */
function guardProviders({ defaultGuard }: ResolvedStructure): Provider[] {
  const guard: Provider =
    defaultGuard === false
      ? { provide: DEFAULT_GUARD, useValue: undefined }
      : { provide: DEFAULT_GUARD, useClass: defaultGuard };
  return [
    guard,
    DefaultAuthGuard,
    { provide: APP_GUARD, useClass: GlobalDispatch },
    BodyRefusals,
    AuthErrorFilter,
    RateLimitFilter,
    refusalHandling,
  ];
}

declareTokens([
  AUTH_MODULE_OPTIONS,
  AuditSink,
  ...commonProviders({ isGlobal: true, defaultGuard: false }).map((provider) =>
    typeof provider === 'function' ? provider : provider.provide,
  ),
]);
