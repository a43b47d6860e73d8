// The identity of a strategy's user: which subject, with which scopes, since when.
import { stampDigest, type Authentication } from '../core/internal.js';
import type { ServiceFinder } from '../schemes.js';
import { Clock, AuthError, type AuthUser, type Subject, type Verified } from '../index.js';
import { type AuthSettings, AUTH_SETTINGS, AUTHENTICATION } from '../nest/internal.js';

/** What a strategy's user asserts, if the defaults do not fit. */
export type Vouching = Partial<Omit<Verified, 'user'>>;

/** What it is read from. */
export interface VouchingParts {
  /** Name of the scheme. */
  readonly name: string;
  readonly options: {
    readonly vouch?: (user: unknown, info: unknown) => Vouching;
    readonly proof?: 'fresh' | 'standing';
  };
  readonly services: ServiceFinder;
}

const NO_CLAIMS: Verified['claims'] = Object.freeze({});

/**
 * The facts behind a strategy's user.
 * @throws {AuthError} `missing_subject` if nothing names the user
 * @throws {AuthError} `misconfigured` if the user source says of the user what is not acceptable
 */
export function vouchedFor(user: AuthUser, info: unknown, { name, options, services }: VouchingParts): Verified {
  const { tokens } = services.get<AuthSettings>(AUTH_SETTINGS);
  const { users } = services.get<Authentication>(AUTHENTICATION);
  const described = users.source === undefined ? undefined : users.checkedDescription(users.source, user);
  const vouched = { ...scopesOf(info), ...proofOf(options, services), ...options.vouch?.(user, info) };
  const subject = vouched.subject ?? subjectOf(user, described?.id, { own: tokens.issuer, name });
  if (subject === undefined) throw new AuthError('missing_subject');
  // The user was loaded for this request: its claims are what would be issued now.
  const stamp = described?.stamp === undefined ? undefined : stampDigest(subject, described.stamp);
  return { kind: 'user', claims: NO_CLAIMS, own: described !== undefined, stamp, ...vouched, subject, user };
}

/** Strategies for bearer tokens say in `info.scope` what the token may do, as RFC 6749 writes it or as a list. */
function scopesOf(info: unknown): Vouching {
  const scope = typeof info === 'object' && info !== null && 'scope' in info ? info.scope : undefined;
  if (typeof scope === 'string') return { scopes: scope.split(' ').filter(Boolean) };
  return Array.isArray(scope) ? { scopes: scope.filter((each) => typeof each === 'string') } : {};
}

function proofOf({ proof }: VouchingParts['options'], services: ServiceFinder): Vouching {
  if (proof !== 'fresh') return {};
  const now = services.get<Clock>(Clock).nowSeconds();
  return { issuedAt: now, authTime: now };
}

function subjectOf(
  user: AuthUser,
  describedId: string | undefined,
  issuers: { readonly own: string; readonly name: string },
): Subject | undefined {
  if (describedId !== undefined) return { issuer: issuers.own, id: describedId };
  const { id = undefined, sub = id } = user as { readonly id?: unknown; readonly sub?: unknown };
  const known = typeof sub === 'number' ? String(sub) : sub;
  return typeof known === 'string' && known !== '' ? { issuer: `passport:${issuers.name}`, id: known } : undefined;
}
