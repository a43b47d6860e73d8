// The check that somewhere in the application the module was given its providers: the bare class has none, and guards nothing.
import { Inject, Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { AuthConfigurationError } from '../../core/base/errors.js';
import { structuresIn } from './configurations.js';

/** Part of the class itself, so that it is there however the module is imported. */
@Injectable()
export class ImportCheck {
  /** @throws {AuthConfigurationError} if the class is imported and nothing calls `forRoot()` */
  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    if (structuresIn(modules).length > 0) return;
    throw new AuthConfigurationError([
      'AuthModule is imported as a class, which guards nothing: write AuthModule.forRoot() or forRootAsync() in the root module',
    ]);
  }
}
