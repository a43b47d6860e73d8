// The names of keys. Parts are hashed, so that no issuer or id, whatever it holds, can name the key of another, and a
// dump of the key space tells no ids.
import { createHash } from 'node:crypto';
import type { RevocationKind } from '../stores.js';

/** The prefix of keys if the application names no prefix. */
export const DEFAULT_PREFIX = 'latchkey:';

const MOST_SHARDS = 256;

/**
 * The keys of one application within its prefix.
 *
 * A login is one key, and so are the names of a subject's logins: on a cluster each lies where its name sends it. An entry of the
 * blocklist is written together with the feed that tells of it, so that both share a slot: that of their {@link Shard}.
 */
export class Keys {
  /** The parts of the blocklist: one, or as many as were asked for. */
  readonly shards: readonly Shard[];

  /**
   * @param prefix with a hash tag, `{latchkey}:`, all keys lie in one slot of a cluster
   * @param count how many shards the blocklist has
   */
  constructor(
    readonly prefix: string,
    count = 1,
  ) {
    checkPrefix(prefix);
    checkShards(prefix, count);
    this.shards = Array.from({ length: count }, (_, at) => new Shard(shardPrefix(prefix, at, count)));
  }

  /** Says how many shards the blocklist has, for processes that are configured with another number. It has no expiry. */
  get layout(): string {
    return `${this.prefix}shards`;
  }

  /** The channel that announces changes of the blocklist. */
  get channel(): string {
    return `${this.prefix}revoked`;
  }

  /** One revocation: its shard, which its name alone chooses, and its key. */
  revocation(kind: RevocationKind, issuer: string, id: string): { readonly shard: Shard; readonly key: string } {
    const digest = digestOf(kind, issuer, id);
    const shard = this.shards[digest.readUInt32BE() % this.shards.length] as Shard;
    return { shard, key: shard.revocation(kind, digest) };
  }

  /** Three keys in one slot, to find out whether a script may do what the scripts of the logins do. */
  probes(id: string): readonly string[] {
    return probeNames(`${this.prefix}probe:{${id}}:`);
  }

  /** One login. */
  login(issuer: string, sid: string): string {
    return `${this.prefix}sign-in:${textOf('sign-in', issuer, sid)}`;
  }

  /** The names of the logins of one subject. */
  loginsOf(issuer: string, subject: string): string {
    return `${this.prefix}sign-ins:${textOf('sign-ins', issuer, subject)}`;
  }

  /**
   * The key of a login by its name in the list of its subject. A client with a key prefix of its own may have put that in front, and
   * would do so once more.
   */
  loginByName(name: string): string {
    return name.slice(-this.login('', '').length);
  }

  /** One use of what may be used once. */
  oneTime(id: string): string {
    return `${this.prefix}one-time:${textOf('one-time', id)}`;
  }

  /** One fetched key set. */
  keySet(address: string): string {
    return `${this.prefix}key-set:${textOf('key-set', address)}`;
  }

  /** The right to fetch it. */
  keySetLease(address: string): string {
    return `${this.prefix}key-set-lease:${textOf('key-set-lease', address)}`;
  }
}

/** The keys of one shard of the blocklist. On a cluster they lie in one slot. */
export class Shard {
  constructor(private readonly prefix: string) {}

  /** Says that the shard is complete since the epoch second it holds. It has no expiry: only a flush removes it. */
  get sentinel(): string {
    return `${this.prefix}sentinel`;
  }

  /** Revocations by when they were made, for the list. */
  get revocationsByMoment(): string {
    return `${this.prefix}revocations:moment`;
  }

  /** Revocations by when they end, to delete them from the list. */
  get revocationsByEnd(): string {
    return `${this.prefix}revocations:end`;
  }

  /** Revocations by the number of their last change. */
  get revocationsByChange(): string {
    return `${this.prefix}revocations:change`;
  }

  /** The number of the last change. */
  get changes(): string {
    return `${this.prefix}changes`;
  }

  /** One revocation, by the digest of its name. */
  revocation(kind: RevocationKind, digest: Buffer): string {
    return `${this.prefix}${kind}:${digest.toString('base64url')}`;
  }

  /** Three keys that nothing else uses, to find out whether scripts can be run over several. */
  probes(id: string): readonly string[] {
    return probeNames(`${this.prefix}probe:${id}:`);
  }
}

// The number of shards is part of the tag: entries of one number are never taken for those of another.
function shardPrefix(prefix: string, at: number, count: number): string {
  return count === 1 ? prefix : `${prefix}{${at}/${count}}:`;
}

function checkPrefix(prefix: string): void {
  if (prefix === '')
    throw new TypeError('A key prefix keeps our keys apart from those of other applications: it may not be empty.');
}

function checkShards(prefix: string, count: number): void {
  if (!Number.isInteger(count) || count < 1 || count > MOST_SHARDS)
    throw new TypeError(`shards is ${String(count)}; accepted is a whole number from 1 to ${MOST_SHARDS}.`);
  if (count > 1 && prefix.includes('{'))
    throw new TypeError(
      `prefix is '${prefix}' and shards is ${count}: a hash tag in the prefix puts all shards into one slot. Leave one of both out.`,
    );
}

function probeNames(prefix: string): readonly string[] {
  return ['hash', 'set', 'text'].map((name) => `${prefix}${name}`);
}

function textOf(...parts: readonly string[]): string {
  return digestOf(...parts).toString('base64url');
}

// JSON keeps the parts apart and escapes what UTF-8 cannot say.
function digestOf(...parts: readonly string[]): Buffer {
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}
