// The identity of a strategy's user: which subject, with which scopes, since when.
import { stampDigest, type Authentication } from '../core/internal.js';
import type { ServiceFinder } from '../schemes.js';
import { Clock, AuthError, type AuthUser, type Subject, type Verified } from '../index.js';
import { type AuthSettings, AUTH_SETTINGS, AUTHENTICATION } from '../nest/internal.js';

/** What a strategy's user asserts, if the defaults do not fit. */
export type PassportIdentity = Partial<Omit<Verified, 'user'>>;

/** What it is read from. */
export interface IdentityParts {
  /** Name of the scheme. */
  readonly name: string;
  readonly options: {
    readonly identify?: (user: unknown, info: unknown) => PassportIdentity;
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
export function identityOf(user: AuthUser, info: unknown, { name, options, services }: IdentityParts): Verified {
  const { tokens } = services.get<AuthSettings>(AUTH_SETTINGS);
  const { users } = services.get<Authentication>(AUTHENTICATION);
  const described = users.source === undefined ? undefined : users.checkedDescription(users.source, user);
  const identity = { ...scopesOf(info), ...proofOf(options, services), ...options.identify?.(user, info) };
  const subject = identity.subject ?? subjectOf(user, described?.id, { own: tokens.issuer, name });
  if (subject === undefined) throw new AuthError('missing_subject');
  // The user was loaded for this request: its claims are what would be issued now.
  const stamp = described?.stamp === undefined ? undefined : stampDigest(subject, described.stamp);
  return { kind: 'user', claims: NO_CLAIMS, own: described !== undefined, stamp, ...identity, subject, user };
}

/** Strategies for bearer tokens say in `info.scope` what the token may do, as RFC 6749 writes it or as a list. */
function scopesOf(info: unknown): PassportIdentity {
  const scope = typeof info === 'object' && info !== null && 'scope' in info ? info.scope : undefined;
  if (typeof scope === 'string') return { scopes: scope.split(' ').filter(Boolean) };
  return Array.isArray(scope) ? { scopes: scope.filter((each) => typeof each === 'string') } : {};
}

function proofOf({ proof }: IdentityParts['options'], services: ServiceFinder): PassportIdentity {
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
