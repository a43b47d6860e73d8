// Options of a function: read when it is called, all problems at once.
import { AuthConfigurationError } from './errors.js';
import type { AnyOption } from './option.js';

/**
 * What the options become.
 *
 * @param name of the function, for the sentences
 * @throws {AuthConfigurationError} with every problem at once
 */
export function readOptions<Settings>(name: string, options: AnyOption<Settings>, given: object): Settings {
  const { problems, value } = options.read(given, { path: `${name}: `, production: false });
  if (problems.length > 0) throw new AuthConfigurationError(problems);
  return value;
}
