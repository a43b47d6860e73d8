// What an application registered as its session middleware, as far as the frameworks show it, and the sentence that says what fits.
import type { HttpAdapterHost } from '@nestjs/core';

/** What to do, in every sentence about sessions that do not fit. */
export const WHAT_FITS =
  'register express-session on Express or @fastify/session on Fastify before the application listens; ' +
  'packages that keep the session in its cookie (cookie-session, @fastify/secure-session) cannot end one and do not fit';

export type Adapter = Pick<HttpAdapterHost['httpAdapter'], 'getType' | 'getInstance'>;

/** The names that the packages give to the functions they register with Express. */
const EXPRESS_SESSION = 'session';
const COOKIE_SESSION = '_cookieSession';

/** A layer of a router of Express. */
interface Layer {
  readonly name?: unknown;
}

interface ExpressInstance {
  /** Express 5. */
  readonly router?: { readonly stack?: readonly Layer[] };
  /** Express 4. */
  readonly _router?: { readonly stack?: readonly Layer[] };
}

interface FastifyInstance {
  hasDecorator(name: string): boolean;
  hasRequestDecorator(name: string): boolean;
}

/** True if express-session or @fastify/session is seen to be registered. What `consumer.apply()` registers on Express has no name. */
export function hasSessionMiddleware(adapter: Adapter): boolean {
  if (adapter.getType() === 'express') return expressLayers(adapter).includes(EXPRESS_SESSION);
  return fastifyOf(adapter)?.hasDecorator('decryptSession') === true;
}

/** What is wrong with the sessions of the application, or `undefined` if no problem is found. */
export function misfitOf(adapter: Adapter): string | undefined {
  if (hasSessionMiddleware(adapter)) return undefined;
  if (adapter.getType() === 'express') {
    return expressLayers(adapter).includes(COOKIE_SESSION) ? 'the sessions are those of cookie-session' : undefined;
  }
  const fastify = fastifyOf(adapter);
  if (fastify === undefined) return undefined;
  if (fastify.hasDecorator('createSecureSession')) return 'the sessions are those of @fastify/secure-session';
  return fastify.hasRequestDecorator('session') ? undefined : 'requests have no session';
}

function expressLayers(adapter: Adapter): readonly unknown[] {
  // An application of Express, of either major.
  const express = adapter.getInstance<ExpressInstance>();
  // The getter of Express 4 throws, so the member of Express 4 is asked first.
  return ((express._router ?? express.router)?.stack ?? []).map(({ name }) => name);
}

function fastifyOf(adapter: Adapter): FastifyInstance | undefined {
  if (adapter.getType() !== 'fastify') return undefined;
  return adapter.getInstance<FastifyInstance>();
}
