// The OpenAPI metadata of the ready-made routes: metadata as @nestjs/swagger writes it, so that this door does not need it.
import type { Type } from '@nestjs/common';
import {
  ANSWERED_BY,
  BROWSER_ROUTE,
  OAUTH_ERRORS,
  REFUSALS,
  type AnsweredBy,
  type BrowserRoute,
} from '../nest/internal.js';

/** A schema of OpenAPI; what it holds is between the document and its readers. */
export type Schema = Readonly<Record<string, unknown>>;

/** What a route answers when all is well, and how it refuses. */
export interface Answer {
  readonly status: number;
  readonly description: string;
  /** Of a body in JSON. @defaultValue no body is described */
  readonly schema?: Schema | undefined;
  /** The class of the body, in place of a schema. */
  readonly type?: Type<object> | undefined;
  /** The methods that make the body; a subclass that overrides one has a body that `schema` does not describe. */
  readonly madeBy?: readonly string[];
  /** Statuses by which the route itself refuses; those of guards are known. @defaultValue none */
  readonly refusals?: readonly (400 | 401 | 403 | 503)[];
  /** True if bodies are refused in the words of RFC 6749 §5.2. @defaultValue false */
  readonly oauthErrors?: boolean;
  /** Which cookies the answer sets, clearing included. @defaultValue none */
  readonly sets?: BrowserRoute['sets'];
}

/** Describes the answer of a route. */
export function Describes({ status, description, refusals = [], sets = [], ...body }: Answer): MethodDecorator {
  return (target, _name, descriptor) => {
    const handler = descriptor.value as object;
    const { schema, type, madeBy: methods = [] } = body;
    const described = type === undefined ? { schema } : { type, isArray: false };
    Reflect.defineMetadata('swagger/apiResponse', { [status]: { description, ...described } }, handler);
    // A class that was named is a promise of the application, which its subclasses keep.
    const answered: AnsweredBy = { prototype: target, methods: type === undefined ? methods : [] };
    Reflect.defineMetadata(ANSWERED_BY, answered, handler);
    Reflect.defineMetadata(REFUSALS, refusals, handler);
    Reflect.defineMetadata(OAUTH_ERRORS, body.oauthErrors === true, handler);
    // Of the ready-made routes those that refuse with 403 by themselves are those behind the CsrfGuard.
    const browserRoute: BrowserRoute = { status, sets, provesIntent: refusals.includes(403) };
    Reflect.defineMetadata(BROWSER_ROUTE, browserRoute, handler);
  };
}

/** An object whose members must all be there. */
export function objectOf(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', properties, required: Object.keys(properties) };
}

export const TEXT: Schema = { type: 'string' };
export const DATE_TIME: Schema = { type: 'string', format: 'date-time' };
