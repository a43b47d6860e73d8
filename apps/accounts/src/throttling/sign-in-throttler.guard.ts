import type { ServerResponse } from 'node:http';
import { Injectable, type ExecutionContext } from '@nestjs/common';
import {
  InjectThrottlerStorage,
  ThrottlerGuard,
  type ThrottlerLimitDetail,
  type ThrottlerRequest,
} from '@nestjs/throttler';
import { AuthError } from 'nestjs-latchkey';
import { normaliseUsername } from '../users/username.js';
import type { SignInAttempts } from './sign-in-attempts.js';

const SIGN_INS = new Set(['/auth/token', '/auth/cookie/login', '/auth/session/login']);
const REFUSED = 401;

/** What both frameworks tell about a request; the path is that of the route, so that no spelling of the address matters. */
interface SignInRequest {
  readonly method: string;
  readonly ip: string;
  readonly body?: { readonly username?: unknown };
  readonly route?: { readonly path: string };
  readonly routeOptions?: { readonly url?: string };
}

/** Counts failed sign-ins, whichever way in was tried, and answers 429 if there were too many, as a refusal like all others. */
@Injectable()
export class SignInThrottlerGuard extends ThrottlerGuard {
  @InjectThrottlerStorage() private readonly attempts!: SignInAttempts;

  protected override async shouldSkip(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const { method, route, routeOptions } = context.switchToHttp().getRequest<SignInRequest>();
    return method !== 'POST' || !SIGN_INS.has(routeOptions?.url ?? route?.path ?? '');
  }

  /** By address, an IPv6 one without its last 64 bits; and for the narrow limit by the name as it would be looked up, too. */
  protected override async handleRequest(given: ThrottlerRequest): Promise<boolean> {
    const { context, throttler, ttl } = given;
    const { ip, body } = context.switchToHttp().getRequest<SignInRequest>();
    const address = await this.getTracker({ ip });
    const key = throttler.name === 'address' ? `address ${address}` : `name ${address} ${nameIn(body)}`;
    await super.handleRequest({ ...given, getTracker: async () => address, generateKey: () => key });
    const response = rawResponse(context);
    const settle = (): void => {
      // Whoever hangs up early must not get the attempt for nothing.
      const failed = response.statusCode === REFUSED || !response.writableFinished;
      this.attempts.settle(key, { failed, ttl });
    };
    if (response.destroyed) settle();
    else response.once('close', settle);
    return true;
  }

  protected override async throwThrottlingException(
    _context: ExecutionContext,
    { timeToBlockExpire }: ThrottlerLimitDetail,
  ): Promise<void> {
    throw new AuthError('too_many_requests', { retryAfterSeconds: timeToBlockExpire });
  }
}

/** Spellings of one name are one name; what cannot be a name shares one place. */
function nameIn(body: SignInRequest['body']): string {
  return typeof body?.username === 'string' ? (normaliseUsername(body.username) ?? '') : '';
}

function rawResponse(context: ExecutionContext): ServerResponse {
  // Fastify keeps Node's response in `raw`; Express extends it.
  const response = context.switchToHttp().getResponse<ServerResponse & { readonly raw?: ServerResponse }>();
  return response.raw ?? response;
}
