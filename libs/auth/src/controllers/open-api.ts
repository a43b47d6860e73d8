// Owns what OpenAPI is told of the ready-made routes: metadata as @nestjs/swagger writes it, so that this door does not need it.
import { REFUSALS } from '../nest/controller-recipe.js';

/** A schema of OpenAPI; what it holds is between the document and its readers. */
export type Schema = Readonly<Record<string, unknown>>;

/** What a route answers when all is well, and how it refuses. */
export interface Answer {
  readonly status: number;
  readonly description: string;
  /** Of a body in JSON. @defaultValue no body is described */
  readonly schema?: Schema | undefined;
  /** Statuses by which the route itself refuses; those of guards are known. @defaultValue none */
  readonly refusals?: readonly (400 | 401 | 503)[];
}

/** Describes the answer of a route. */
export function Describes({ status, description, schema, refusals = [] }: Answer): MethodDecorator {
  return (_target, _name, descriptor) => {
    const handler = descriptor.value as object;
    Reflect.defineMetadata('swagger/apiResponse', { [status]: { description, schema } }, handler);
    Reflect.defineMetadata(REFUSALS, refusals, handler);
  };
}

/** An object whose members must all be there. */
export function objectOf(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', properties, required: Object.keys(properties) };
}

export const TEXT: Schema = { type: 'string' };
export const MOMENT: Schema = { type: 'string', format: 'date-time' };
