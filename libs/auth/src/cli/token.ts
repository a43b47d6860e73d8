// `latchkey token`: a token to try things out with, signed by the keys of a directory. A process that can read the keys can name any
// subject, so the command refuses to run in production.
import { AuthConfigurationError, signAlone, type LoneToken } from '../core/internal.js';
import { keysFromDirectory } from '../keys.js';
import { atMost, type Command, type Given, optional, readArguments, required, seconds, UsageError } from './command.js';
import { directoryOf } from './keys.js';

const OPTIONS = {
  dir: { type: 'string', short: 'd' },
  subject: { type: 'string' },
  client: { type: 'string' },
  issuer: { type: 'string' },
  audience: { type: 'string' },
  scope: { type: 'string' },
  roles: { type: 'string' },
  ttl: { type: 'string' },
  stamp: { type: 'string' },
  restricted: { type: 'boolean' },
} as const;

/** Prints a development token for a subject or a client, and nothing else, so that it can be used in a shell. */
export const token: Command = async (args, context) => {
  if (context.environment['NODE_ENV'] === 'production') {
    throw new AuthConfigurationError([
      'NODE_ENV is production: tokens are issued by the application there, to those who sign in',
    ]);
  }
  const given = readArguments(args, OPTIONS);
  atMost(given, 0);
  const { current } = await keysFromDirectory(directoryOf(given), { clock: context.clock }).load();
  context.print(await signAlone(tokenOf(given), current, context.clock));
  return 'done';
};

function tokenOf(given: Given): LoneToken {
  const client = optional(given, 'client');
  if ((client === undefined) === (optional(given, 'subject') === undefined)) {
    throw new UsageError('one of --subject and --client is required: whom the token is for');
  }
  const common = {
    issuer: required(given, 'issuer', 'the issuer of the application, exactly'),
    audience: required(given, 'audience', 'whom the token is meant for; several separated by commas').split(','),
    ttlSeconds: seconds(given, 'ttl', '15m'),
    scopes: words(given, 'scope'),
  };
  if (client !== undefined)
    return { ...common, kind: 'client', id: client, restricted: given.values['restricted'] === true };
  const id = required(given, 'subject', 'whom the token is for');
  return { ...common, kind: 'user', id, roles: words(given, 'roles'), stamp: optional(given, 'stamp') };
}

function words(given: Given, name: string): readonly string[] {
  return (optional(given, name) ?? '').split(/[\s,]+/).filter((word) => word !== '');
}
