// Several configurations in one application: how they find each other, and what may not stand beside what.
import type { InjectionToken } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { CookieSpecs } from '../../core/browser/cookies.js';
import { accessCookieSpecs } from '../../core/browser/cookies.js';
import type { AuthModuleStructure } from '../options/auth.options.js';
import type { AuthSettings } from '../options/settings.js';
import { AUTH_SETTINGS, AUTH_STRUCTURE } from '../options/injection-tokens.js';
import { tokenIn, type ConfigurationName } from '../options/named-tokens.js';

type Module = ModulesContainer extends Map<string, infer M> ? M : never;

/** A provider of another configuration; `undefined` if there is no such configuration, or it is not made yet. */
export function inConfiguration<T>(
  modules: ModulesContainer,
  name: ConfigurationName,
  token: InjectionToken,
): T | undefined {
  const wanted = tokenIn(name, token);
  for (const { providers } of modules.values()) {
    const instance: unknown = providers.get(wanted)?.instance;
    // The token is the library's own, and so is what stands behind it.
    if (instance !== undefined && instance !== null) return instance as T;
  }
  return undefined;
}

/** The structure of every configuration of the application. */
export function structuresIn(modules: ModulesContainer): readonly AuthModuleStructure[] {
  return authModulesIn(modules).map(({ structure }) => structure);
}

/**
 * Why this application cannot have the module as often as it does: the same configuration twice, two copies of the package, a named
 * configuration alone.
 */
export function repetitionProblems(modules: ModulesContainer, name: ConfigurationName): readonly string[] {
  const all = authModulesIn(modules);
  const same = all.filter(({ structure }) => structure.name === name);
  if (same.length > 1)
    return [
      new Set(same.map(({ module }) => module.metatype)).size > 1 ? TWO_COPIES : twice(name, importersOf(modules)),
    ];
  if (name === undefined || all.some(({ structure }) => structure.name === undefined)) return [];
  return [
    `the configuration '${name}' stands alone: leave its name out, or import AuthModule.forRoot() without a name beside it`,
  ];
}

/** Why a named configuration could be taken for another one. */
export function overlapProblems(modules: ModulesContainer, name: ConfigurationName): readonly string[] {
  const own = inConfiguration<AuthSettings>(modules, name, AUTH_SETTINGS);
  if (name === undefined || own === undefined) return [];
  const earlier = namesIn(modules).filter((each) => each === undefined || each < name);
  return earlier.flatMap((each) => {
    const other = inConfiguration<AuthSettings>(modules, each, AUTH_SETTINGS);
    return other === undefined ? [] : overlapsOf([name, own], [each, other]);
  });
}

type Named = readonly [name: ConfigurationName, settings: AuthSettings];

function overlapsOf([name, own]: Named, [otherName, other]: Named): readonly string[] {
  const [one, two] = [
    `the configuration '${name}'`,
    otherName === undefined ? 'the one without a name' : `'${otherName}'`,
  ];
  const names = cookieNames(own.cookieSpecs).filter((each) => cookieNames(other.cookieSpecs).includes(each));
  const sendCookies = [own, other].every(({ cookies, session }) => cookies !== undefined || session.enabled);
  return [
    ...(sharesTokens(own, other)
      ? [`${one} and ${two} have the same issuer, and audiences that overlap: give each an audience of its own`]
      : []),
    ...(sendCookies && names.length > 0
      ? [`${one} and ${two} both use the cookies ${names.join(', ')}: give one of them other cookies.names`]
      : []),
  ];
}

/** Of one issuer, only the audience tells whose a token is. */
function sharesTokens(own: AuthSettings, other: AuthSettings): boolean {
  if (!own.issuing || !other.issuing || own.tokens.issuer !== other.tokens.issuer) return false;
  if (own.anyAudience || other.anyAudience) return true;
  return own.tokens.audience.some((each) => other.tokens.audience.includes(each));
}

function cookieNames(specs: CookieSpecs): readonly string[] {
  return [...accessCookieSpecs(specs), specs.refresh, specs.csrf].map(({ name }) => name);
}

function namesIn(modules: ModulesContainer): readonly ConfigurationName[] {
  return structuresIn(modules).map(({ name }) => name);
}

interface AuthModuleFound {
  readonly module: Module;
  readonly structure: AuthModuleStructure;
}

/** Every module of ours, of whichever copy of the package: the tokens are texts, so that copies agree. */
function authModulesIn(modules: ModulesContainer): readonly AuthModuleFound[] {
  return [...modules.values()].flatMap((module) => {
    const found = [...module.providers]
      .filter(([token]) => isStructure(token))
      .map(([, { instance }]) => instance as unknown);
    // Structures are values, which are there before anything is made.
    return found.flatMap((structure) => (structure ? [{ module, structure: structure as AuthModuleStructure }] : []));
  });
}

function isStructure(token: InjectionToken): boolean {
  return token === AUTH_STRUCTURE || (typeof token === 'symbol' && NAMED_STRUCTURE.test(String(token)));
}

const NAMED_STRUCTURE = /^Symbol\(nestjs-latchkey:configuration:[a-z0-9-]+:Symbol\(nestjs-latchkey:structure\)\)$/;

/** The classes whose `@Module()` imports one of ours, as far as they say so. */
function importersOf(modules: ModulesContainer): readonly string[] {
  const ours = new Set<unknown>(authModulesIn(modules).map(({ module }) => module.metatype));
  const importing = [...modules.values()].filter(({ metatype }) => {
    const imports = (Reflect.getMetadata('imports', metatype) ?? []) as readonly unknown[];
    return imports.some((each) =>
      ours.has(typeof each === 'object' && each !== null ? Reflect.get(each, 'module') : each),
    );
  });
  return [...new Set(importing.map(({ metatype }) => metatype.name))];
}

function twice(name: ConfigurationName, importers: readonly string[]): string {
  const call = name === undefined ? 'AuthModule.forRoot()' : `AuthModule.forRoot({ name: '${name}' })`;
  const where = importers.length === 0 ? '' : ` (imported by ${importers.join(', ')})`;
  return (
    `${call} is in the application more than once${where}: call it in the imports of the root module alone, where it reaches every module; ` +
    "for a second configuration on purpose give it a name of its own: AuthModule.forRoot({ name: 'admin', ... })"
  );
}

const TWO_COPIES =
  'two copies of the package nestjs-latchkey are loaded, each with a module and a blocklist of its own: ' +
  '`npm ls nestjs-latchkey` shows them; keep one, as a peer dependency of whatever package brings the other';
