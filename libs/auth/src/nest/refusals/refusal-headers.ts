// Headers of what a guard refuses. They are put on the answer while it is written, and only if it has the status of the refusal: another
// filter answers in place of ours and must not lose them, and a composite guard that lets the caller in all the same must not send them.
import type { HttpAdapterHost } from '@nestjs/core';

/** What a refusal asks of the answer. */
export interface HeadersOfRefusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Asked while the answer is written: whether an answer of that status is about this refusal. @defaultValue it is */
  readonly isMeant?: () => boolean;
}

/** The adapter of the framework. */
type SetsHeaders = Pick<HttpAdapterHost['httpAdapter'], 'isHeadersSent' | 'setHeader'>;

/** Node's response, which Express extends and Fastify keeps in `raw`. */
interface NodeResponse {
  readonly headersSent?: boolean;
  setHeader(name: string, value: string): unknown;
  writeHead(status: number, ...rest: readonly unknown[]): unknown;
}

/** By Node's response: what was refused last, if nothing has been answered yet. */
const refused = new WeakMap<object, HeadersOfRefusal>();

const watched = new WeakSet<object>();

/** Keeps the headers for the answer. A response that is not Node's does not tell when it is written, and has them at once. */
export function headersWithAnswer(response: unknown, refusal: HeadersOfRefusal, adapter: SetsHeaders): void {
  const node = nodeResponseOf(response);
  if (node === undefined) return setHeadersNow(response, refusal, adapter);
  refused.set(node, refusal);
  if (!watched.has(node)) watch(node);
}

/** For a refusal that is certain to be the answer; an answer that is under way has its headers already. */
export function setHeadersNow(
  response: unknown,
  { headers }: Pick<HeadersOfRefusal, 'headers'>,
  adapter: SetsHeaders,
): void {
  dropHeadersWithAnswer(response);
  if (adapter.isHeadersSent(response)) return;
  for (const [name, value] of Object.entries(headers)) adapter.setHeader(response, name, value);
}

function dropHeadersWithAnswer(response: unknown): void {
  const node = nodeResponseOf(response);
  if (node !== undefined) refused.delete(node);
}

/** Node calls the method of the instance for headers that nothing wrote explicitly, too. */
function watch(node: NodeResponse): void {
  watched.add(node);
  const writeHead = node.writeHead.bind(node);
  node.writeHead = (status, ...rest) => {
    const refusal = refused.get(node);
    if (refusal?.status !== status || node.headersSent === true || refusal.isMeant?.() === false)
      return writeHead(status, ...rest);
    for (const [name, value] of Object.entries(refusal.headers)) node.setHeader(name, value);
    const names = new Set(Object.keys(refusal.headers).map((name) => name.toLowerCase()));
    return writeHead(status, ...rest.map((each) => without(names, each)));
  };
}

/** Headers that are given to `writeHead()` would stand over those that were set before. */
function without(names: ReadonlySet<string>, given: unknown): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
  return Object.fromEntries(Object.entries(given).filter(([name]) => !names.has(name.toLowerCase())));
}

function nodeResponseOf(response: unknown): NodeResponse | undefined {
  const { raw = response } = Object(response) as { readonly raw?: unknown };
  const { writeHead, setHeader } = Object(raw) as Partial<NodeResponse>;
  return typeof writeHead === 'function' && typeof setHeader === 'function' ? (raw as NodeResponse) : undefined;
}
