// The structural options with their defaults filled in.
import type { Type } from '@nestjs/common';
import type { AuthModuleStructure } from './auth.options.js';

/** The structure with its defaults filled in. */
export interface ResolvedStructure extends AuthModuleStructure {
  readonly isGlobal: boolean;
  readonly defaultGuard: Type<unknown> | false;
  /** What is wrong with the structure as it was given; said with all other problems. */
  readonly problems?: readonly string[];
}
