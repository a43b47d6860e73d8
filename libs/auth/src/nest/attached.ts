// Owns the last stage: where a guard leaves its answer, for handlers, other guards and loggers.
import type { ExecutionContext } from '@nestjs/common';
import type { AuthUser, Principal } from '../core/principal.js';

/** What a guard attaches to the framework's request. */
export interface Attached {
  /** The user, under the name that Nest and passport developers know. */
  user?: AuthUser | undefined;
  /** The principal; `undefined` where nobody was recognised. */
  auth?: Principal | undefined;
}

/** A field of a GraphQL operation: what all fields of the operation share, and the way from its root to this one. */
interface Field {
  readonly operation: object;
  readonly path: readonly (string | number)[];
}

const answers = new WeakMap<object, Map<string, Attached>>();

/** The framework's request, seen as what it may carry from us. */
export function attachedTo(request: unknown): Attached {
  // Every framework's request is an object that applications hang things on.
  return typeof request === 'object' && request !== null ? (request as Attached) : {};
}

/**
 * Leaves an answer on the request. The fields of one GraphQL operation share a request and may have different guards, so there each
 * field keeps its own as well: no field reads what was decided for another.
 */
export function attach(context: ExecutionContext, request: unknown, answer: Required<Attached>): void {
  const attached = attachedTo(request);
  attached.auth = answer.auth;
  attached.user = answer.user;
  const field = fieldOf(context);
  if (field === undefined) return;
  const ofOperation = answers.get(field.operation) ?? new Map<string, Attached>();
  answers.set(field.operation, ofOperation);
  ofOperation.set(nameOf(field.path), answer);
}

/** The answer for this handler. A field below a guarded one has that one's. */
export function answerFor(context: ExecutionContext, request: unknown): Attached {
  const field = fieldOf(context);
  const ofOperation = field && answers.get(field.operation);
  if (field === undefined || ofOperation === undefined) return attachedTo(request);
  for (let length = field.path.length; length > 0; length -= 1) {
    const answer = ofOperation.get(nameOf(field.path.slice(0, length)));
    if (answer !== undefined) return answer;
  }
  return {};
}

/** Context and info are the last arguments of every resolver, also of those that resolve references. */
function fieldOf(context: ExecutionContext): Field | undefined {
  if (context.getType<string>() !== 'graphql') return undefined;
  const [operation, info] = context.getArgs<unknown[]>().slice(-2);
  if (typeof operation !== 'object' || operation === null) return undefined;
  const path = pathOf(info);
  return path.length === 0 ? undefined : { operation, path };
}

/** The path of a GraphQL field is a list that points from the field to the root. */
function pathOf(info: unknown): readonly (string | number)[] {
  const keys: (string | number)[] = [];
  let step = memberOf(info, 'path');
  while (step !== undefined) {
    const key = memberOf(step, 'key');
    if (typeof key === 'string' || typeof key === 'number') keys.unshift(key);
    step = memberOf(step, 'prev');
  }
  return keys;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function nameOf(path: readonly (string | number)[]): string {
  return JSON.stringify(path);
}
