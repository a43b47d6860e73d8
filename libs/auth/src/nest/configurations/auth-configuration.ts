// The application's handle on a configuration with a name: its guards, and the tokens that its services are injected by.
import type { InjectionToken, Type } from '@nestjs/common';
import { AuthConfigurationError } from '../../core/base/errors.js';
import {
  anyOf,
  JwtAuthGuard,
  SessionAuthGuard,
  SessionOrJwtGuard,
  type AuthGuardBase,
  type AuthGuardFor,
} from '../guards/auth.guards.js';
import { CsrfGuard } from '../guards/csrf.guard.js';
import { boundTo } from './bound-classes.js';
import { tokenIn } from '../options/named-tokens.js';
import { nameProblem } from '../options/schema/module-structure.js';

/** What belongs to one configuration. Marks and policies (`@Public()`, `@RequireScopes()`, `@CurrentUser()`) belong to all. */
export interface AuthConfiguration {
  /** For `AuthModule.forRoot({ name })`. */
  readonly name: string;
  /** Accept what this configuration issued and trusts, and nothing of any other. */
  readonly JwtAuthGuard: typeof JwtAuthGuard;
  readonly SessionAuthGuard: typeof SessionAuthGuard;
  readonly SessionOrJwtGuard: typeof SessionOrJwtGuard;
  readonly CsrfGuard: typeof CsrfGuard;
  /** As `AuthGuardFor()`, with the schemes of this configuration. A guard of another one is a `TypeError`. */
  readonly AuthGuardFor: typeof AuthGuardFor;
  /** A guard of your own, a subclass of one of the library's, in this configuration. The same class gives the same guard; one
   * of another configuration is a `TypeError`. */
  guard<Guard extends Type<AuthGuardBase>>(guard: Guard): Guard;
  /**
   * The token of a service of the library, a class like `TokenService`, `BlocklistService` or `AuthCookies`: `@Inject(admin.token(TokenService)) tokens: TokenService`, `app.get(admin.token(TokenService))`.
   * @throws {TypeError} for a class that the library does not provide
   */
  token<Service>(
    service: (abstract new (...dependencies: never[]) => object) & { readonly prototype: Service },
  ): InjectionToken<Service>;
}

/**
 * A configuration beside the one without a name, for example `admin` beside the public one: its own audience, keys, users, cookies
 * and stores. Import it once more as `AuthModule.forRoot({ name: 'admin', ... })`.
 *
 * @param name lower case letters, digits and hyphens, at most 32
 * @throws {AuthConfigurationError} for another name
 * @example
 * ```ts
 * import { Controller, Get, Module, UseGuards } from '@nestjs/common';
 * import { authConfiguration, AuthModule } from 'nestjs-latchkey';
 *
 * const admin = authConfiguration('admin');
 *
 * @UseGuards(admin.JwtAuthGuard)
 * @Controller('admin/reports')
 * class ReportsController {
 *   @Get() list() {
 *     return [];
 *   }
 * }
 *
 * @Module({
 *   imports: [AuthModule.forRoot({ audience: 'shop' }), AuthModule.forRoot({ name: admin.name, audience: 'shop-admin' })],
 *   controllers: [ReportsController],
 * })
 * export class AppModule {}
 * ```
 */
export function authConfiguration(name: string): AuthConfiguration {
  const problem = nameProblem(name);
  if (problem !== undefined) throw new AuthConfigurationError([`name ${problem}`]);
  const guard = <Guard extends Type<AuthGuardBase>>(original: Guard): Guard => boundTo(name, original);
  return Object.freeze({
    name,
    JwtAuthGuard: boundTo(name, JwtAuthGuard),
    SessionAuthGuard: boundTo(name, SessionAuthGuard),
    SessionOrJwtGuard: boundTo(name, SessionOrJwtGuard),
    CsrfGuard: boundTo(name, CsrfGuard),
    AuthGuardFor: (...accepted: Parameters<typeof AuthGuardFor>) => boundTo(name, anyOf(accepted, name)),
    guard,
    token: (service: ServiceClass) => serviceToken(name, service),
  });
}

type ServiceClass = Parameters<AuthConfiguration['token']>[0];

function serviceToken<Service>(name: string, service: ServiceClass): InjectionToken<Service> {
  // An abstract class is a token as good as any.
  const token = tokenIn(name, service as Type<object>);
  if (token === service)
    throw new TypeError(`${service.name} is not a service of nestjs-latchkey: inject it as it is.`);
  return token as InjectionToken<Service>;
}
