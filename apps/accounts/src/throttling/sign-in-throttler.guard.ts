import type { ServerResponse } from 'node:http';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { normaliseUsername } from '../users/username.js';
import { KnownAddresses } from './known-addresses.js';
import { networkOf } from './network.js';
import { SignInLimits } from './sign-in-limits.js';

/** Where a password is looked at. */
const SIGN_INS: ReadonlySet<string> = new Set([
  'POST /auth/token',
  'POST /auth/cookie/login',
  'POST /auth/session/login',
]);
/**
 * Routes that do something else for the caller. How often a code may be guessed, the library counts by continuation and by user; what is
 * counted here is the work that a network makes.
 */
const OPEN: ReadonlySet<string> = new Set([
  'POST /auth/token/continue',
  'POST /auth/cookie/continue',
  'POST /auth/session/continue',
  'POST /password-reset',
  'POST /password-reset/redeem',
  // Each callback with a state of its browser is a question to the other provider.
  'GET /login/elsewhere',
  'GET /login/elsewhere/callback',
]);

/** What both frameworks tell about a request; the path is that of the route, so that no spelling of the address matters. */
interface SignInRequest {
  readonly method: string;
  readonly ip: string;
  readonly body?: { readonly username?: unknown; readonly password?: unknown };
  readonly route?: { readonly path: string };
  readonly routeOptions?: { readonly url?: string };
}

/**
 * Counts attempts to sign in, whichever way in was tried. Too many of one network are answered with 429, a refusal like all others; too many
 * at one name from many networks are slowed down.
 */
@Injectable()
export class SignInThrottlerGuard implements CanActivate {
  constructor(
    private readonly limits: SignInLimits,
    private readonly known: KnownAddresses,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const { method, ip, body, route, routeOptions } = context.switchToHttp().getRequest<SignInRequest>();
    const asked = `${method} ${routeOptions?.url ?? route?.path ?? ''}`;
    if (!(SIGN_INS.has(asked) || OPEN.has(asked))) return true;
    const network = networkOf(ip);
    // A body without a name or a password is refused before anything is compared.
    const isGuess = typeof body?.username === 'string' && typeof body.password === 'string';
    if (!SIGN_INS.has(asked) || !isGuess) {
      await this.limits.admitNetwork(network);
      return true;
    }
    // Spellings of one name are one name; what cannot be a name shares one place.
    const who = { network, name: normaliseUsername(String(body?.username)) ?? '' };
    await this.limits.admit(who);
    const response = rawResponse(context);
    response.once('finish', () => {
      if (response.statusCode < 300) void this.known.note(who);
    });
    return true;
  }
}

function rawResponse(context: ExecutionContext): ServerResponse {
  // Fastify keeps Node's response in `raw`; Express extends it.
  const response = context.switchToHttp().getResponse<ServerResponse & { readonly raw?: ServerResponse }>();
  return response.raw ?? response;
}
