// What docs/options.md is made of, in its order.
import { keyRing } from '../../core/keys/ring-options.js';
import { moduleOptions } from './schema/module-options.js';
import { moduleStructure } from './schema/module-structure.js';

/** Each section with the group of options that it shows. */
export const documentedOptions = [
  {
    title: 'Structure',
    introduction: 'What must be known before a factory runs.',
    group: moduleStructure,
  },
  {
    title: 'Values',
    introduction: 'What a factory may return.',
    group: moduleOptions,
  },
  {
    title: 'A ring of keys',
    introduction: 'What `keys` accepts besides one key, and what a `KeySource` returns.',
    group: keyRing,
    path: 'keys.',
  },
] as const;
