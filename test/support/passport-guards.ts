// What the specs of `AuthGuard('jwt')` share: a second strategy of a chain, and guards of the application.
import { UnauthorizedException } from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { Strategy as CustomStrategy } from 'passport-custom';

/** The strategy `other`: one API key. */
export class KeyStrategy extends PassportStrategy(CustomStrategy, 'other') {
  validate(request: { readonly headers: Record<string, string> }): { id: string } | undefined {
    return request.headers['x-api-key'] === 'k-1' ? { id: 'machine' } : undefined;
  }
}

/** Continues without a user after a refusal. */
export class ContinuingGuard extends AuthGuard('jwt') {
  override handleRequest<User>(_: Error | null, user: User | false): User {
    return (user === false ? null : user) as User;
  }
}

/** Refuses with an exception of Nest. */
export class BareGuard {
  canActivate(): boolean {
    throw new UnauthorizedException();
  }
}
