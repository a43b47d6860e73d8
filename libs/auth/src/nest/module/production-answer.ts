// What an application would be told with NODE_ENV=production, asked without being there: the options are read once more as production
// reads them.
import type { ModulesContainer } from '@nestjs/core';
import { AuthConfigurationError } from '../../core/base/errors.js';
import type { Authentication } from '../../core/composition/create-authentication.js';
import type { UserSource } from '../../core/users/users.js';
import { inConfiguration } from '../configurations/configurations.js';
import type { AuthModuleOptions, AuthModuleStructure } from '../options/auth.options.js';
import { AUTH_MODULE_OPTIONS, AUTH_SETTINGS, AUTHENTICATION } from '../options/injection-tokens.js';
import { resolveAuthOptions } from '../options/options-check.js';
import type { ResolvedStructure } from '../options/resolved-structure.js';
import type { AuthSettings } from '../options/settings.js';

/** What the start would be refused for, and what it would be warned of. */
export interface ProductionAnswer {
  readonly refuses: readonly string[];
  readonly warns: readonly string[];
}

/** Asks for one configuration. Of one whose options could not be read now, nothing is known: its problems were told already. */
export function productionAnswer(modules: ModulesContainer, structure: AuthModuleStructure): ProductionAnswer {
  const settings = inConfiguration<AuthSettings>(modules, structure.name, AUTH_SETTINGS);
  if (settings === undefined) return { refuses: [], warns: [] };
  if (settings.production) return { refuses: [], warns: settings.warnings };
  const source = inConfiguration<Authentication>(modules, structure.name, AUTHENTICATION)?.users.source;
  const options = inConfiguration<AuthModuleOptions>(modules, structure.name, AUTH_MODULE_OPTIONS) ?? {};
  const told = optionsAnswer(options, structure);
  return { refuses: [...told.refuses, ...developmentUsers(source)], warns: told.warns };
}

function optionsAnswer(options: AuthModuleOptions, structure: AuthModuleStructure): ProductionAnswer {
  try {
    const { warnings } = resolveAuthOptions(options, {
      production: true,
      stores: structure.stores,
      problems: (structure as ResolvedStructure).problems,
      configuration: structure.name,
    });
    return { refuses: [], warns: warnings };
  } catch (error) {
    if (error instanceof AuthConfigurationError) return { refuses: error.problems, warns: [] };
    throw error;
  }
}

/** Why production refuses a source of users that says that it is for development. */
export function developmentUsers(source: UserSource | undefined): readonly string[] {
  const reason: unknown = source?.developmentOnly ?? false;
  // Text says why; anything but an absent or negative answer is one.
  if (source === undefined || reason === false) return [];
  return [`users is ${source.constructor.name}, which is refused with NODE_ENV=production: ${String(reason)}`];
}
