// What an application keeps when it moves to the library: rows, passwords, mails, a social provider, and a roles guard of its own.
import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import { Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { JwtService } from '@nestjs/jwt';

export type Role = 'user' | 'admin';

export interface Account {
  readonly id: number;
  readonly email: string;
  readonly passwordHash: string | null;
  readonly role: Role;
  readonly confirmed: boolean;
  readonly socialId: string | null;
}

/** A login of the old kind: the hash changes with every refresh. */
export interface Session {
  readonly id: number;
  readonly accountId: number;
  readonly hash: string;
}

/** One of the unique members. */
export type AccountKey = { readonly id: number } | { readonly email: string } | { readonly socialId: string };

/** The repositories. Who is not there is `null`, as TypeORM and Prisma say it. */
export abstract class Accounts {
  abstract find(where: AccountKey): Promise<Account | null>;
  abstract list(): Promise<readonly Account[]>;
  abstract create(row: Omit<Account, 'id'>): Promise<Account>;
  abstract update(id: number, change: Partial<Omit<Account, 'id'>>): Promise<unknown>;
  abstract findSession(id: number): Promise<Session | null>;
  abstract createSession(row: Omit<Session, 'id'>): Promise<Session>;
  abstract updateSession(id: number, hash: string): Promise<unknown>;
  /** Resolves how many were deleted. */
  abstract deleteSession(id: number): Promise<number>;
}

/** Secrets, from the environment in a real application. */
export class Secrets {
  readonly access = randomBytes(48).toString('base64url');
  readonly refresh = randomBytes(48).toString('base64url');
  readonly confirmation = randomBytes(48).toString('base64url');
  readonly social = randomBytes(48).toString('base64url');
}

export function hashPassword(password: string): string {
  const salt = randomBytes(16).toString('hex');
  return `${salt}:${scryptSync(password, salt, 32).toString('hex')}`;
}

export function matches(password: string, stored: string): boolean {
  const [salt = '', hash = ''] = stored.split(':');
  return timingSafeEqual(scryptSync(password, salt, 32), Buffer.from(hash, 'hex'));
}

/** The mails that were sent: the token of the link. */
@Injectable()
export class Mailbox {
  readonly sent: { readonly email: string; readonly token: string }[] = [];
}

/** The social provider: its id tokens name a person and an address. */
@Injectable()
export class SocialProvider {
  private readonly jwt = new JwtService();

  constructor(private readonly secrets: Secrets) {}

  async verify(idToken: string): Promise<{ readonly sub: string; readonly email: string }> {
    return this.jwt.verifyAsync(idToken, { secret: this.secrets.social, issuer: 'https://social.example' });
  }
}

export const Roles = (...roles: readonly Role[]) => SetMetadata('roles', roles);

/** The roles guard of the application: it reads `request.user`, and does not ask where that came from. */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const roles = this.reflector.getAllAndOverride<Role[]>('roles', [context.getClass(), context.getHandler()]);
    const { user } = context.switchToHttp().getRequest<{ user?: { role?: Role } }>();
    return user?.role !== undefined && roles.includes(user.role);
  }
}

/** What clients see of an account. */
export function shown({ id, email, role }: Account) {
  return { id, email, role };
}

/** The account of a social sign-in, made at the first one. */
export async function accountOf(accounts: Accounts, { sub, email }: { sub: string; email: string }): Promise<Account> {
  const known = await accounts.find({ socialId: sub });
  return known ?? accounts.create({ email, passwordHash: null, role: 'user', confirmed: true, socialId: sub });
}
