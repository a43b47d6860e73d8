// The walk over a document: every operation of every path, and of webhooks.
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Requirement } from './marks.js';

/** One operation, open to change. */
export interface Operation {
  readonly method: string;
  readonly isWebhook: boolean;
  readonly content: {
    security?: Requirement[] | undefined;
    parameters?: unknown[] | undefined;
    responses: Record<string, unknown>;
  };
}

/** A path item holds its operations by method, beside other members. */
const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query'] as const;

/** Every operation of the document. */
export function operationsOf({ paths, webhooks = {} }: OpenAPIObject): readonly Operation[] {
  return [...inside(paths, false), ...inside(webhooks, true)];
}

/** Takes out what `@All()` makes of the method `search`, which no version of OpenAPI allows there. */
export function dropUnknownMethods({ paths }: OpenAPIObject): void {
  for (const item of Object.values(paths)) Reflect.deleteProperty(item, 'search');
}

function inside(items: OpenAPIObject['paths'], isWebhook: boolean): readonly Operation[] {
  return Object.values(items).flatMap((item) =>
    METHODS.flatMap((method) => {
      const content: unknown = item[method];
      return isOperation(content) ? [{ method, isWebhook, content }] : [];
    }),
  );
}

function isOperation(value: unknown): value is Operation['content'] {
  return typeof value === 'object' && value !== null;
}
