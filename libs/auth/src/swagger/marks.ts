// How an operation of the document finds back to its handler. Guessing from paths fails at prefixes, versions, `@All` and
// inherited controllers; so every class and handler carries a mark of its own while the document is made, and only so long.
import { ApiSecurity } from '@nestjs/swagger';
import type { ClassOrMethod, Route } from '../nest/internal.js';

/** A Security Requirement Object: what must be sent together, and with which scopes. */
export type Requirement = Record<string, string[]>;

/** What the marks of an operation say: where it leads, and what the application itself wrote about its security. */
export interface Marked {
  readonly route: Route | undefined;
  readonly written: readonly Requirement[];
}

/** Outside of what a security scheme may be called, so that it never meets one. */
const MARK = 'nestjs-latchkey mark';

/**
 * Makes something while every class and handler of the routes is marked. Their metadata is as before afterwards, whatever happens.
 */
export function whileMarked<T>(routes: readonly Route[], work: (read: ReadMarks) => T): T {
  // A class inherits the metadata of its parent: marked first, it does not inherit the parent's mark.
  const owners = [...new Set(routes.map(({ owner }) => owner))].sort((one, other) => depthOf(other) - depthOf(one));
  const handlers = [...new Set(routes.map(({ handler }) => handler))];
  const targets = [...owners, ...handlers];
  const before = targets.map(ownMetadata);
  try {
    targets.forEach((target, index) => mark(target, index));
    return work((security) => readMarks(security, routes, targets));
  } finally {
    targets.forEach((target, index) => restore(target, before[index] ?? new Map<unknown, unknown>()));
  }
}

/** Takes the marks out of what an operation says about its security. */
export type ReadMarks = (security: readonly Requirement[]) => Marked;

function readMarks(
  security: readonly Requirement[],
  routes: readonly Route[],
  targets: readonly ClassOrMethod[],
): Marked {
  const marked = security.flatMap((requirement) => requirement[MARK] ?? []).map((index) => targets[Number(index)]);
  return {
    route: routes.find(({ owner, handler }) => marked.includes(owner) && marked.includes(handler)),
    written: security.filter((requirement) => !(MARK in requirement)),
  };
}

/** The decorator is made again for each target: one that is used twice passes the first target's requirements to the second. */
function mark(target: ClassOrMethod, index: number): void {
  const decorate = ApiSecurity({ [MARK]: [String(index)] });
  // A descriptor is what tells the decorator a method from a class; classes and methods are both functions, and marked alike.
  decorate(target, '', { value: target });
}

function ownMetadata(target: ClassOrMethod): ReadonlyMap<unknown, unknown> {
  return new Map(Reflect.getOwnMetadataKeys(target).map((key: unknown) => [key, Reflect.getOwnMetadata(key, target)]));
}

function restore(target: ClassOrMethod, before: ReadonlyMap<unknown, unknown>): void {
  for (const key of Reflect.getOwnMetadataKeys(target)) {
    if (!before.has(key)) Reflect.deleteMetadata(key, target);
  }
  for (const [key, value] of before) Reflect.defineMetadata(key, value, target);
}

/** How many classes a class extends. */
function depthOf(owner: ClassOrMethod): number {
  const parent: unknown = Object.getPrototypeOf(owner);
  return typeof parent === 'function' ? 1 + depthOf(parent as ClassOrMethod) : 0;
}
