// What a guard answers that Nest did not make: nothing was injected into it, so it cannot authenticate the caller.
import { Logger } from '@nestjs/common';
import { AuthConfigurationError, AuthError } from '../../core/base/errors.js';

/** The refusal of such a guard, whose reason is in the log. */
export function handmadeRefusal(guard: object): AuthError {
  const { name } = guard.constructor;
  const sentence =
    `a ${name} was made with \`new\`, so nothing is injected into it and it refuses every caller: let Nest make it, by ` +
    `@UseGuards(${name}), \`AuthModule.forRoot({ defaultGuard: ${name} })\` or the injection of ${name}`;
  new Logger('AuthModule').error(sentence);
  return new AuthError('store_unavailable', { cause: new AuthConfigurationError([sentence]) });
}
