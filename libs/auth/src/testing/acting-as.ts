// Asserts that a test which acts as a user tests something: a public route would have answered anyway.
import { AssertionError } from 'node:assert';
import type { INestApplicationContext, Type } from '@nestjs/common';
import {
  type ClassOrMethod,
  findProvider,
  RouteAuthenticator,
  type AuthSettings,
  AUTH_SETTINGS,
} from '../nest/internal.js';
import { TokenFactory, type TestTokenOptions } from './token-factory.js';
import type { TestUser } from './token-source.js';

/** How {@link actingAs} may make its token. */
export interface ActingOptions extends TestTokenOptions {
  /** Who signs. @defaultValue the application itself; one that only verifies needs the `tokens` of a `LocalIssuer` */
  readonly tokens?: TokenFactory;
  /** The name of the configuration to act in. @defaultValue the one without a name */
  readonly configuration?: string;
}

/** An answer of supertest, of `fetch`, or of Fastify's `inject`. */
export type Answer = { readonly status: number } | { readonly statusCode: number };

/** Headers by name, as every client takes them. */
export type HeadersByName = Record<string, string>;

/** A user to make requests as. */
export interface Acting {
  readonly token: string;
  /** The header that carries the token, as the application is configured. */
  readonly headers: HeadersByName;
  /**
   * Sends a request twice: first as an anonymous caller, which must be refused with 401, then as the user. Resolves with the second answer.
   *
   * @throws {AssertionError} if an anonymous caller is accepted, so that acting as the user would prove nothing; if the user is not
   * authenticated
   */
  through<A extends Answer>(send: (headers: HeadersByName) => PromiseLike<A>): Promise<A>;
  /**
   * The same headers, for a route that is known by its handler.
   * @throws {AssertionError} if the route is public, or if the controller has no such method
   */
  on<Controller>(controller: Type<Controller>, method: keyof Controller & string): HeadersByName;
}

/**
 * Makes requests as a user: really signed, really verified.
 *
 * @example
 * ```ts
 * import type { INestApplication } from '@nestjs/common';
 * import { actingAs } from 'nestjs-latchkey/testing';
 *
 * export async function showsMe(app: INestApplication) {
 *   const ada = await actingAs(app, 'user-1', { scopes: ['profile'] });
 *   return ada.through(async (headers) => fetch(`${await app.getUrl()}/me`, { headers }));
 * }
 * ```
 */
export async function actingAs(
  app: INestApplicationContext,
  user: TestUser,
  options: ActingOptions = {},
): Promise<Acting> {
  const { configuration, tokens = TokenFactory.of(app, configuration), ...token } = options;
  const text = await tokens.valid(user, token);
  const { header } = findProvider<AuthSettings>(app, AUTH_SETTINGS, configuration);
  const headers: HeadersByName = { [header.name]: [...header.schemes.slice(0, 1), text].join(' ') };
  return {
    token: text,
    headers,
    through: (send) => sendTwice(headers, send),
    on: (controller, method) => {
      assertGuarded(app, controller, method);
      return { ...headers };
    },
  };
}

async function sendTwice<A extends Answer>(
  headers: HeadersByName,
  send: (headers: HeadersByName) => PromiseLike<A>,
): Promise<A> {
  const asNobody = statusOf(await send({}));
  if (asNobody !== 401) {
    fail(
      `The route answers ${asNobody} to a request without credentials, not 401: acting as a user proves nothing here.`,
    );
  }
  const answer = await send({ ...headers });
  if (statusOf(answer) === 401)
    fail('The route does not authenticateCredential the user: it answers 401 with credentials too.');
  return answer;
}

function assertGuarded<C>(app: INestApplicationContext, controller: Type<C>, method: keyof C & string): void {
  const handler: unknown = Reflect.get(controller.prototype as object, method);
  const name = `${controller.name}.${method}`;
  if (typeof handler !== 'function') return fail(`${name} does not exist.`);
  const { access } = findProvider<RouteAuthenticator>(app, RouteAuthenticator).policyFor(
    handler as ClassOrMethod,
    // A class is a function; what its constructor takes is of no interest here.
    controller as unknown as ClassOrMethod,
  );
  if (access !== 'guarded')
    fail(`${name} is ${access === 'public' ? 'public' : 'open'}: acting as a user proves nothing here.`);
}

function statusOf(answer: Answer): number {
  return 'status' in answer ? answer.status : answer.statusCode;
}

function fail(message: string): never {
  throw new AssertionError({ message });
}
