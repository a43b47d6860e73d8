// `latchkey keys`: what an operator does with the signing keys of a directory.
import { generateKeyFile, type KeyFile, listKeyFiles, rotateKeyFiles } from '../core/internal.js';
import {
  algorithm,
  atMost,
  type Command,
  type Given,
  type Outcome,
  optional,
  readArguments,
  seconds,
  UsageError,
} from './command.js';

const DIRECTORY = { dir: { type: 'string', short: 'd' } } as const;

const generate: Command = async (args, { clock, print, progress }) => {
  const given = readArguments(args, { ...DIRECTORY, alg: { type: 'string' } });
  atMost(given, 0);
  const alg = algorithm(given);
  progress(`making the current and the next key in ${directoryOf(given)}`);
  return printKeys(await generateKeyFile(directoryOf(given), { clock, ...(alg !== undefined && { alg }) }), print);
};

const rotate: Command = async (args, { clock, print, progress }) => {
  const options = {
    ...DIRECTORY,
    alg: { type: 'string' },
    overlap: { type: 'string' },
    stolen: { type: 'boolean' },
  } as const;
  const given = readArguments(args, options);
  atMost(given, 0);
  const alg = algorithm(given);
  progress(`making a key and rotating those in ${directoryOf(given)}`);
  const keys = await rotateKeyFiles(directoryOf(given), {
    clock,
    // As long as the default life of a refresh token, which is the longest-lived.
    overlapSeconds: seconds(given, 'overlap', '14d'),
    stolen: given.values['stolen'] === true,
    ...(alg !== undefined && { alg }),
  });
  return printKeys(keys, print);
};

const list: Command = async (args, { print }) => {
  const given = readArguments(args, DIRECTORY);
  atMost(given, 0);
  return printKeys(await listKeyFiles(directoryOf(given)), print);
};

const STEPS: Readonly<Record<string, Command>> = { generate, rotate, list };

/** Makes, rotates and lists the signing keys of a directory. It never prints any of a key. */
export const keys: Command = async ([step = '', ...args], context) => {
  const command = Object.hasOwn(STEPS, step) ? STEPS[step] : undefined;
  if (command === undefined) throw new UsageError(`keys takes one of ${Object.keys(STEPS).join(', ')}`);
  return command(args, context);
};

/** The default directory of keys, which the sample uses. */
export function directoryOf(given: Given): string {
  return optional(given, 'dir') ?? '.data/keys';
}

function printKeys(files: readonly KeyFile[], print: (line: string) => void): Outcome {
  for (const { state, alg, kid, until } of files) {
    const end = until === undefined ? '' : `  until ${new Date(until * 1000).toISOString()}`;
    print(`${state.padEnd(8)} ${alg.padEnd(6)} ${kid}${end}`);
  }
  return 'done';
}
