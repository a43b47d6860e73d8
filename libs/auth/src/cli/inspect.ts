// `latchkey inspect`: what a token says, and what verification makes of it. It never prints the signature, without which the
// text is not a credential.
import {
  AuthError,
  highestLimits,
  parseJws,
  reasonText,
  verifyAlone,
  type OneIssuer,
  type ParsedJws,
} from '../core/internal.js';
import type { TrustOptions } from '../issuers.js';
import { keysFromDirectory } from '../keys.js';
import { presetTrust, splitArguments, type PresetValues } from './presets.js';
import {
  atMost,
  type Command,
  type Given,
  optional,
  readArguments,
  type CommandContext,
  UsageError,
} from './command.js';

const OPTIONS = {
  dir: { type: 'string', short: 'd' },
  jwks: { type: 'string' },
  issuer: { type: 'string' },
  audience: { type: 'string' },
  kind: { type: 'string' },
  types: { type: 'string' },
  preset: { type: 'string' },
} as const;

const TIMES = ['iat', 'nbf', 'exp', 'auth_time'] as const;
const LONGEST_LIFE_SECONDS = 400 * 86_400;
const TOLERANCE_SECONDS = 5;

/** Decodes the token on standard input, or the one given, and checks it by the keys that are named. */
export const inspect: Command = async (args, context) => {
  const { own, preset } = splitArguments(args, Object.keys(OPTIONS));
  const given = readArguments(own, OPTIONS);
  atMost(given, 1);
  const [typed = '-'] = given.positionals;
  const text = (typed === '-' ? await context.readInput() : typed).trim().replace(/^Bearer +/i, '');
  const jws = parsed(text);
  describe(jws, context);
  try {
    context.print(`verification: ${await verdict(jws, { ...given, preset }, context)}`);
    return 'done';
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    context.print(`verification: refused: ${error.code}. ${error.message}`);
    if (error.reason !== undefined) context.print(`reason: ${reasonText(error.reason)}`);
    return 'refused';
  }
};

function parsed(text: string): ParsedJws {
  try {
    return parseJws(text, highestLimits);
  } catch {
    throw new UsageError(
      'this is not a token: three parts of base64url, separated by dots, the first two of them JSON objects',
    );
  }
}

function describe({ claims, token }: ParsedJws, { print }: CommandContext): void {
  const [header = '', , signature = ''] = token.split('.');
  print(`header: ${shown(JSON.parse(Buffer.from(header, 'base64url').toString('utf8')))}`);
  print(`claims: ${shown(claims)}`);
  for (const name of TIMES) {
    const time = claims[name];
    if (typeof time === 'number' && Math.abs(time) < 8.64e12) print(`${name}: ${new Date(time * 1000).toISOString()}`);
  }
  print(`signature: ${Buffer.from(signature, 'base64url').length} bytes, not shown`);
}

/** The content of a token must not control the terminal: control characters that JSON keeps are escaped. */
function shown(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(/[\p{Cc}\p{Cf}]/gu, (sign) =>
    sign === '\n' ? sign : `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** What was typed, with the options of a preset. */
interface Asked extends Given {
  readonly preset: PresetValues;
}

async function verdict(jws: ParsedJws, given: Asked, context: CommandContext): Promise<string> {
  const kind = optional(given, 'kind') ?? 'access';
  if (kind !== 'access' && kind !== 'refresh') throw new UsageError('--kind is access or refresh');
  const issuer = issuerOf(jws, given, context);
  if (issuer === undefined) return 'not tried; name the keys with --dir or --jwks, or the issuer with --preset';
  const token = { text: jws.token, kind } as const;
  const verified = await verifyAlone(token, issuer, { clock: context.clock, toleranceSeconds: TOLERANCE_SECONDS });
  const { subject, scopes } = verified;
  return `valid for ${verified.kind} ${shown(subject.id)} of ${subject.issuer}, scopes ${shown(scopes)}; revocation and the user were not checked`;
}

function issuerOf(jws: ParsedJws, given: Asked, { clock }: CommandContext): OneIssuer | undefined {
  const preset = optional(given, 'preset');
  if (preset !== undefined) return { trust: trustOf(preset, given) };
  const issuer = optional(given, 'issuer') ?? String(jws.claims['iss'] ?? '');
  const audience = audienceOf(given);
  const directory = optional(given, 'dir');
  if (directory !== undefined) {
    const keys = keysFromDirectory(directory, { clock });
    return { own: { issuer, keys, audience, maxLifetimeSeconds: LONGEST_LIFE_SECONDS } };
  }
  const address = optional(given, 'jwks');
  if (address === undefined) return undefined;
  return {
    trust: {
      issuer,
      audience,
      keys: { jwksUri: address, allowLoopbackHttp: true },
      types: (optional(given, 'types') ?? 'at+jwt,jwt').split(','),
      maxLifetime: LONGEST_LIFE_SECONDS,
    },
  };
}

/** By the rules that an application with this preset has: its types, its longest life, its claims. */
function trustOf(name: string, given: Asked): TrustOptions {
  const excluded = ['dir', 'jwks', 'types'].find((option) => given.values[option] !== undefined);
  if (excluded !== undefined) throw new UsageError(`--${excluded} cannot stand beside --preset, which knows it`);
  const shared = Object.fromEntries(
    ['issuer', 'audience'].flatMap((option) => {
      const value = optional(given, option);
      return value === undefined ? [] : [[option, value]];
    }),
  );
  return presetTrust(name, { ...given.preset, ...shared });
}

function audienceOf(given: Given): string | false {
  return optional(given, 'audience') ?? false;
}
