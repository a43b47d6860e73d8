// `latchkey token`: a token to try things out with, signed by the keys of a directory. Whoever may read the keys can name any subject, so it
// refuses to work where that would matter.
import { AuthConfigurationError, newId, importOwnKey, TokenMinter, stampDigest } from '../core/internal.js';
import { keysFromDirectory } from '../keys.js';
import {
  atMost,
  type Command,
  type Given,
  optional,
  readArguments,
  required,
  seconds,
  type Surroundings,
  UsageError,
} from './command.js';
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
export const token: Command = async (args, around) => {
  if (around.environment['NODE_ENV'] === 'production') {
    throw new AuthConfigurationError([
      'NODE_ENV is production: tokens are issued by the application there, to those who sign in',
    ]);
  }
  const given = readArguments(args, OPTIONS);
  atMost(given, 0);
  const { current } = await keysFromDirectory(directoryOf(given), { clock: around.clock }).load();
  const { signing } = await importOwnKey(current, { optionName: 'the current key' });
  around.print(await mint(given, around, new TokenMinter(settingsOf(given), () => signing)));
  return 'done';
};

async function mint(given: Given, { clock }: Surroundings, minter: TokenMinter): Promise<string> {
  const client = optional(given, 'client');
  if ((client === undefined) === (optional(given, 'subject') === undefined)) {
    throw new UsageError('one of --subject and --client is required: whom the token is for');
  }
  const grant = {
    jti: newId(),
    issuedAt: clock.nowSeconds(),
    ttlSeconds: seconds(given, 'ttl', '15m'),
    audience: settingsOf(given).audience,
    scopes: words(given, 'scope'),
    claims: undefined,
  };
  if (client === undefined) return personToken(given, minter, grant);
  return (await minter.clientToken({ ...grant, clientId: client, restricted: given.values['restricted'] === true }))
    .accessToken;
}

type Grant = Omit<Parameters<TokenMinter['clientToken']>[0], 'clientId' | 'restricted'>;

async function personToken(given: Given, minter: TokenMinter, grant: Grant): Promise<string> {
  const subject = { issuer: settingsOf(given).issuer, id: required(given, 'subject', 'whom the token is for') };
  const stamp = optional(given, 'stamp');
  const access = {
    ...grant,
    subject,
    sid: newId(),
    authTime: grant.issuedAt,
    absoluteExpiresAt: grant.issuedAt + grant.ttlSeconds,
    stamp: stamp === undefined ? undefined : stampDigest(subject, stamp),
    roles: words(given, 'roles'),
    clientId: undefined,
    acr: undefined,
    amr: undefined,
    headers: undefined,
    user: undefined,
    occasion: 'sign-in' as const,
  };
  // The refresh token is dropped: without a sign-in in the store it would be refused.
  const refresh = { ...access, expiresAt: access.absoluteExpiresAt, scopes: undefined, audience: undefined };
  return (await minter.pair(access, refresh)).accessToken;
}

function settingsOf(given: Given): ConstructorParameters<typeof TokenMinter>[0] {
  const ttlSeconds = seconds(given, 'ttl', '15m');
  const issuer = required(given, 'issuer', 'the issuer of the application, exactly');
  return {
    issuer,
    audience: required(given, 'audience', 'whom the token is meant for; several separated by commas').split(','),
    access: { ttlSeconds, maxTtlSeconds: ttlSeconds, subjectClaim: 'sub', clientId: issuer, claimsFor: undefined },
    refresh: { idleSeconds: ttlSeconds, absoluteSeconds: ttlSeconds, graceMs: 0 },
  };
}

function words(given: Given, name: string): readonly string[] {
  return (optional(given, name) ?? '').split(/[\s,]+/).filter((word) => word !== '');
}
