// The last stage: where a guard stores its result, for handlers, other guards and loggers. What the library did not put there is never
// taken for its own.
import type { ExecutionContext } from '@nestjs/common';
import { memberIn } from '../../core/base/members.js';
import type { Scheme } from '../../core/schemes/schemes.js';
import { answerOn, recordOf, requestOf, type AuthenticatedRequest, type RequestRecord } from './contexts.js';

/** A field of a GraphQL operation: what all fields of the operation share, and the way from its root to this one. */
interface Field {
  readonly operation: object;
  readonly path: readonly (string | number)[];
}

/** By GraphQL operation, and there by the path of the field. */
const ofFields = new WeakMap<object, Map<string, AuthenticatedRequest>>();

/** Leaves an answer on what carries a request. */
export function leave(carrier: unknown, answer: Required<AuthenticatedRequest>): void {
  recordOf(carrier).leave(answer);
}

/** True if this user is on the request because a guard of the library left it there. */
export function isUserLeftOn(request: unknown, user: unknown): boolean {
  return user !== undefined && answerOn(request).user === user;
}

/**
 * Leaves an answer for a handler if the request that the guard read is not all that the handler sees. The fields of one GraphQL
 * operation share a request and may have different guards, so there each field keeps its own answer as well: no field reads what was
 * decided for another.
 */
export function attach(context: ExecutionContext, record: RequestRecord, answer: Required<AuthenticatedRequest>): void {
  record.leave(answer);
  const shown = shownBy(context);
  if (shown !== record.carrier) leave(shown, answer);
  const field = fieldOf(context);
  if (field === undefined) return;
  const ofOperation = ofFields.get(field.operation) ?? new Map<string, AuthenticatedRequest>();
  ofFields.set(field.operation, ofOperation);
  ofOperation.set(nameOf(field.path), answer);
}

/** The answer for this handler; empty if no guard of ours left one. A field below a guarded one has that one's. */
export function authResultFor(context: ExecutionContext): AuthenticatedRequest {
  const field = fieldOf(context);
  const ofOperation = field && ofFields.get(field.operation);
  if (field === undefined || ofOperation === undefined) return answerOn(shownBy(context));
  for (let length = field.path.length; length > 0; length -= 1) {
    const answer = ofOperation.get(nameOf(field.path.slice(0, length)));
    if (answer !== undefined) return answer;
  }
  return {};
}

/** The schemes that guards looked for on this request; none of a message, of which nothing is remembered. */
export function schemesAskedFor(context: ExecutionContext): readonly Scheme[] {
  const carrier = shownBy(context);
  return carrier === undefined ? [] : recordOf(carrier).schemesAsked;
}

/** The request of the context; `undefined` if it is of a kind that is not known. */
function shownBy(context: ExecutionContext): unknown {
  try {
    return requestOf(context);
  } catch {
    return undefined;
  }
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
  let step = memberIn(info, 'path');
  while (step !== undefined) {
    const key = memberIn(step, 'key');
    if (typeof key === 'string' || typeof key === 'number') keys.unshift(key);
    step = memberIn(step, 'prev');
  }
  return keys;
}

function nameOf(path: readonly (string | number)[]): string {
  return JSON.stringify(path);
}
