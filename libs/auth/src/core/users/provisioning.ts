// Users that are made of, or kept up to date by, the tokens of other issuers. It answers accounts taken over by a name or an
// address, privileges that arrive unasked, and comparisons that can never fail because the token was copied first.
import { isDeepStrictEqual } from 'node:util';
import { AuthConfigurationError, AuthError } from '../base/errors.js';
import { claimAt } from '../base/claim-path.js';
import type { AuthUser, Claims, Json, Subject, Verified } from '../base/principal.js';
import { refused, unacceptable } from '../tokens/refusals.js';
import { ExternalUserSource } from './users.js';

/** What a claim must be to be taken over. */
export type ClaimShape = 'text' | 'flag' | 'number' | 'texts' | 'object';

/** A claim that is copied to an attribute of the user. */
export interface MappedClaim {
  /** The claim, or a path into objects. */
  readonly claim: string;
  /** A token whose claim is anything else is refused. @defaultValue 'text' */
  readonly is?: ClaimShape;
  /** The longest text, in characters, that your column keeps: 1 to 65,536. A token with a longer one is refused. @defaultValue 255 */
  readonly maxLength?: number;
  /** Adds the members of an object to those that the user has, instead of replacing them all. */
  readonly merge?: true;
  /** Needed for attributes that decide what a user may do: the issuer of the tokens can then make administrators here. */
  readonly grantsPrivileges?: true;
}

/** What may be done with users of other issuers. Everything is off unless it is said. */
export interface ProvisioningRules<User> {
  /** What happens to an unknown subject. @defaultValue 'refuse' */
  readonly unknown?: 'refuse' | 'create';
  /** Attributes that follow claims. A claim that is absent or null changes nothing. @defaultValue none */
  readonly follow?: { readonly [Attribute in keyof User & string]?: string | MappedClaim };
  /**
   * Attributes that must equal a claim, compared with what is stored; a token that differs is refused as `claims_stale`. They are
   * set when the user is made and never after.
   * @defaultValue none
   */
  readonly match?: { readonly [Attribute in keyof User & string]?: string };
}

/** Attributes as they come out of a token; their shapes were checked, their meaning is the application's. */
export type ProvisionedAttributes<User> = { readonly [Attribute in keyof User & string]?: Json };

/** A name like these decides what a user may do. */
const PRIVILEGES =
  /(admin|staff|super|root|owner|role|scope|permission|privilege|right|group|active|enabled|verified|tenant)/i;
const LONGEST_TEXT = 255;
const MOST_TEXT = 65_536;

/**
 * A {@link ExternalUserSource} with explicit rules. Identity is `(iss, sub)`, always.
 *
 * @example
 * ```ts
 * import type { AuthUser, Subject } from 'nestjs-latchkey';
 * import { ProvisionedUserSource, type ProvisionedAttributes } from 'nestjs-latchkey/issuers';
 *
 * interface Learner {
 *   readonly id: string;
 *   readonly email: string;
 *   readonly name: string;
 * }
 *
 * export class Learners extends ProvisionedUserSource<Learner> {
 *   private readonly learners = new Map<string, Learner>();
 *
 *   constructor() {
 *     super({ unknown: 'create', follow: { name: 'name' }, match: { email: 'email' } });
 *   }
 *
 *   protected async find({ issuer, id }: Subject) {
 *     return this.learners.get(JSON.stringify([issuer, id]));
 *   }
 *
 *   protected async create({ issuer, id }: Subject, attributes: ProvisionedAttributes<Learner>) {
 *     const made = { id: crypto.randomUUID(), email: String(attributes.email), name: String(attributes.name ?? '') };
 *     this.learners.set(JSON.stringify([issuer, id]), made);
 *     return made;
 *   }
 *
 *   protected async update(learner: Learner, changes: ProvisionedAttributes<Learner>) {
 *     return Object.assign(learner, changes);
 *   }
 *
 *   describe({ id }: Learner) {
 *     return { id, active: true };
 *   }
 * }
 * ```
 */
export abstract class ProvisionedUserSource<User extends object = AuthUser & object> extends ExternalUserSource<User> {
  /** @throws AuthConfigurationError with everything that is wrong with the rules */
  constructor(private readonly rules: ProvisioningRules<User>) {
    super();
    const problems = ruleProblems(rules);
    if (problems.length > 0) throw new AuthConfigurationError(problems);
  }

  /** The user of that identity, active or not; `undefined` if there is none. Rejects only when the source is unavailable. */
  protected abstract find(subject: Subject): Promise<User | undefined>;

  /**
   * Makes the user of that identity. Of two calls at once for one identity one makes the user and both resolve it: keep the pair
   * `(issuer, id)` unique, and read again if the write found it taken.
   */
  protected abstract create(subject: Subject, attributes: ProvisionedAttributes<User>): Promise<User>;

  /** Changes only these attributes. Never called without a change. */
  protected abstract update(user: User, changes: ProvisionedAttributes<User>): Promise<User>;

  /** The user of that identity; none is made. */
  override findLinked(subject: Subject): Promise<User | undefined> {
    return this.find(subject);
  }

  /** @throws AuthError `claims_stale`, `invalid_claims` */
  override async resolve({ subject, claims }: Verified): Promise<User | undefined> {
    const user = await this.find(subject);
    if (user === undefined) return this.welcome(subject, claims);
    // First compared, then copied: the other way round nothing could ever differ.
    this.assertMatches(user, claims);
    const changes = this.changesOf(user, claims);
    return Object.keys(changes).length === 0 ? user : this.update(user, changes);
  }

  private async welcome(subject: Subject, claims: Claims): Promise<User | undefined> {
    if (this.rules.unknown !== 'create') return undefined;
    const matched = Object.entries<string | undefined>(this.rules.match ?? {}).map(([attribute, claim = '']) => {
      const value = readClaim(claims, { claim });
      if (value === undefined) throw stale(claim);
      return [attribute, value] as const;
    });
    // Only names of the rules are in it, and those are attributes.
    const attributes = { ...Object.fromEntries(matched), ...this.changesOf({}, claims) };
    return this.create(subject, attributes as ProvisionedAttributes<User>);
  }

  /** A missing value equals nothing, another missing one included. */
  private assertMatches(user: User, claims: Claims): void {
    for (const [attribute, claim = ''] of Object.entries<string | undefined>(this.rules.match ?? {})) {
      const value = readClaim(claims, { claim });
      if (value === undefined || value !== valueOf(user, attribute)) throw stale(claim);
    }
  }

  private changesOf(user: object, claims: Claims): ProvisionedAttributes<User> {
    const changes = Object.entries<string | MappedClaim | undefined>(this.rules.follow ?? {}).flatMap(
      ([attribute, given = '']) => {
        const mapped = typeof given === 'string' ? { claim: given } : given;
        const [stored, value] = [valueOf(user, attribute), readClaim(claims, mapped)];
        const next = mapped.merge === true ? merged(stored, value) : value;
        return next === undefined || isDeepStrictEqual(plain(next), plain(stored)) ? [] : [[attribute, next] as const];
      },
    );
    // As above.
    return Object.fromEntries(changes) as ProvisionedAttributes<User>;
  }
}

function stale(claim: string): AuthError {
  return refused('claims_stale', { claim, rule: 'must equal what is stored', option: 'match' });
}

function valueOf(user: object, attribute: string): unknown {
  // An own member or a getter of the user's class.
  return attribute in Object.prototype ? undefined : (user as Readonly<Record<string, unknown>>)[attribute];
}

/** @throws AuthError `invalid_claims` */
function readClaim(claims: Claims, { claim, is = 'text', maxLength = LONGEST_TEXT }: MappedClaim): Json | undefined {
  const value = claimAt(claims, claim) ?? undefined;
  if (value === undefined || SHAPES[is].holds(value, maxLength)) return value;
  throw unacceptable(claim, `must be ${SHAPES[is].called.replace('%', String(maxLength))}`, 'follow');
}

/** What a claim must be, and how to say it. */
interface Shape {
  readonly called: string;
  holds(value: Json, maxLength: number): boolean;
}

const isText = (value: Json, maxLength: number): boolean => typeof value === 'string' && value.length <= maxLength;

const SHAPES: Readonly<Record<ClaimShape, Shape>> = {
  text: { called: 'a string of at most % characters', holds: isText },
  flag: { called: 'true or false', holds: (value) => typeof value === 'boolean' },
  number: { called: 'a number', holds: (value) => typeof value === 'number' },
  texts: {
    called: 'a list of strings of at most % characters',
    holds: (value, maxLength) => Array.isArray(value) && value.every((one) => isText(one, maxLength)),
  },
  object: { called: 'an object', holds: (value) => typeof value === 'object' && !Array.isArray(value) },
};

/** Nothing to add is nothing to change. */
function merged(stored: unknown, added: Json | undefined): Json | undefined {
  if (typeof added !== 'object' || Object.keys(added ?? {}).length === 0) return undefined;
  return { ...(typeof stored === 'object' ? stored : {}), ...(added as Readonly<Record<string, Json>>) };
}

/** Claims have no prototype and stored objects do; that is not a difference. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

function ruleProblems({ follow = {}, match = {} }: ProvisioningRules<never>): readonly string[] {
  const followed = Object.entries<string | MappedClaim | undefined>(follow);
  const both = followed.filter(([attribute]) => attribute in match);
  const lengths = followed.filter(([, given]) => !isLength(given));
  const silent = followed.filter(([attribute, given]) => PRIVILEGES.test(attribute) && !grants(given));
  return [
    ...both.map(
      ([attribute]) =>
        `${attribute} cannot both follow a claim and have to match it: it would be copied first, and then equal`,
    ),
    ...lengths.map(([attribute]) => `${attribute} has a maxLength that is not a whole number from 1 to ${MOST_TEXT}`),
    ...silent.map(
      ([attribute]) => `${attribute} may decide what a user may do; to take it from tokens, say grantsPrivileges: true`,
    ),
  ];
}

function isLength(given: string | MappedClaim | undefined): boolean {
  if (typeof given !== 'object' || given.maxLength === undefined) return true;
  return Number.isInteger(given.maxLength) && given.maxLength >= 1 && given.maxLength <= MOST_TEXT;
}

function grants(given: string | MappedClaim | undefined): boolean {
  return typeof given === 'object' && given.grantsPrivileges === true;
}
