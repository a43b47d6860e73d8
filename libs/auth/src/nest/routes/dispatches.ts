// Detects that a guard was called by Nest itself. A guard whose route is decided by a nearer statement answers `true` without
// looking, and that answer is right for Nest only: a composite guard, or code of the application, would take it for "authenticated".
import type { ExecutionContext } from '@nestjs/common';
import type { EffectivePolicy } from './effective-policy.js';

/** One call of a handler. */
interface Dispatch {
  /** How often each guard class was called. */
  readonly calls: Map<unknown, number>;
  /** Whether Nest calls the guards of the whole application in it. */
  readonly isWhole: boolean;
}

/** What of an execution context tells one dispatch from another. */
type DispatchContext = Pick<ExecutionContext, 'getArgs' | 'getType'>;

/** What of a policy says which guards are called in vain. */
type OverruledGuards = Pick<EffectivePolicy, 'overruled' | 'overruledOnRoute'>;

/** By the list of arguments: Nest makes one for every call of a handler, and hands the same list to all of its guards. */
const dispatches = new WeakMap<object, Dispatch>();

/** Contexts that the guards of the application may not reach: gateways before Nest 12, connected microservices. */
const WITHOUT_GLOBAL_GUARDS: ReadonlySet<string> = new Set(['ws', 'rpc']);

/**
 * Remembers that Nest began to call the guards of a handler. Called by the first of the guards of the whole application, which only
 * Nest can reach and which runs before all others. Contexts made by anything else are not remembered.
 */
export function beginDispatch(context: DispatchContext): void {
  const args = context.getArgs();
  if (!dispatches.has(args)) dispatches.set(args, { calls: new Map(), isWhole: true });
}

/**
 * True if this call of the guard is one that Nest makes, and the policy says that a nearer statement decides in its place.
 *
 * Nest calls a guard once for each time that the route lists it. Further calls come from application code, and are answered by
 * validating. Should another caller come first, then a call of Nest is beyond the number, and validates in its place: no order of
 * calls lets a request pass on answers of `true` alone.
 */
export function standsAside(guard: object, context: DispatchContext, policy: OverruledGuards): boolean {
  if (!policy.overruled.has(guard.constructor)) return false;
  const dispatch = dispatchOf(context);
  if (dispatch === undefined) return false;
  const { calls, isWhole } = dispatch;
  // Where Nest leaves the guards of the application out, a call that it would have made may come from any code.
  const listed = (isWhole ? policy.overruled : policy.overruledOnRoute).get(guard.constructor) ?? 0;
  const count = (calls.get(guard.constructor) ?? 0) + 1;
  calls.set(guard.constructor, count);
  return count <= listed;
}

function dispatchOf(context: DispatchContext): Dispatch | undefined {
  const args = context.getArgs();
  const begun = dispatches.get(args);
  if (begun !== undefined || !WITHOUT_GLOBAL_GUARDS.has(context.getType<string>())) return begun;
  const dispatch: Dispatch = { calls: new Map(), isWhole: false };
  dispatches.set(args, dispatch);
  return dispatch;
}
