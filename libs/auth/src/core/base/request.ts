// The shape of a request as the core sees it. The `nest` folder creates it from the request of the framework.

/** A request of any framework, reduced to what authentication reads. */
export interface AuthRequest {
  /** Upper case. Contexts without a method (sockets, messages) say `MESSAGE`, which counts as unsafe. */
  readonly method: string;
  /** Every line of that header, unjoined and in order, so that a second one cannot hide. Names compare without case. */
  headerLines(name: string): readonly string[];
  /** Every value that the Cookie header carries under exactly that name. */
  cookieValues(name: string): readonly string[];
  /** A parameter of the route's path, if it has one of that name. */
  param(name: string): string | undefined;
  /** The framework's own request, for schemes that live in it (a host session, a passport strategy). */
  readonly raw: unknown;
}

/** Methods without side effects, which need no CSRF protection (RFC 9110 §9.2.1). Anything unknown is unsafe. */
export const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

export function isSafeMethod(method: string): boolean {
  return SAFE_METHODS.has(method);
}
