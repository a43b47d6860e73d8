// The line of development about a refused request: route, schemes, the check that failed, what would have passed, and the page about it.
// No credential is in it. What a client may have chosen (an origin) is bounded, and control characters are escaped.
import { Logger, type ArgumentsHost, type ExecutionContext } from '@nestjs/common';
import type { Clock } from '../../core/base/clock.js';
import { pageOfError } from '../../core/base/documentation.js';
import { ERROR_HELP } from '../../core/base/error-help.js';
import { reasonText, type AuthError } from '../../core/base/errors.js';
import type { SecurityDescription } from '../../core/schemes/scheme-description.js';
import type { Scheme } from '../../core/schemes/schemes.js';
import { refusedAtOf } from './refused-at.js';

/** What stands for a route if no handler is known. */
export type RefusedIn = Pick<ArgumentsHost, 'switchToHttp'> & Partial<ExecutionContext>;

/** What the log asks about routes and schemes. */
export interface RefusalLogParts {
  /** False if nothing is written: in production, in tests, and if the option says so. */
  readonly isOn: boolean;
  readonly clock: Clock;
  /** How the credentials of the schemes of the module are sent. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Where a handler is mounted: `GET /courses/:id`; `undefined` if it has no address of its own. */
  addressOf(context: ExecutionContext): string | undefined;
  /** The names of the policies of the route. */
  policiesOf(context: ExecutionContext): readonly string[];
}

/** The maximum of lines within a minute: what clients can cause must not fill the log. */
const LINES_A_MINUTE = 60;
const MINUTE_MS = 60_000;
const LONGEST = 1_000;

/** Writes the lines. */
export class RefusalLog {
  private readonly logger = new Logger('AuthModule');
  private readonly told = new WeakMap<AuthError, unknown>();
  private readonly explanations = new WeakMap<AuthError, string>();
  private minuteFrom = Number.NEGATIVE_INFINITY;
  private lines = 0;

  constructor(private readonly parts: RefusalLogParts) {}

  get isOn(): boolean {
    return this.parts.isOn;
  }

  /** Keeps what is known of a refusal before it is answered, such as the origin that was refused. */
  explain(error: AuthError, explanation: string): void {
    this.explanations.set(error, explanation);
  }

  /** One line for a refused request, however many guards, interceptors and filters see the refusal. */
  refused(error: AuthError, host: RefusedIn): void {
    if (!this.isOn) return;
    const request = requestIn(host);
    if (this.told.has(error) && this.told.get(error) === request) return;
    this.told.set(error, request);
    this.write(() => this.lineOf(error, host));
  }

  /** As {@link refused}, for a socket that was not opened. @param place the namespace or the path of the server */
  handshake(error: AuthError, place: unknown): void {
    if (!this.isOn) return;
    const where = typeof place === 'string' ? ` (${place})` : '';
    this.write(() => this.sentence(`The handshake of a socket${where}`, error, []));
  }

  private write(line: () => string): void {
    const now = this.parts.clock.monotonicMs();
    if (now - this.minuteFrom >= MINUTE_MS) {
      const left = this.lines - LINES_A_MINUTE;
      if (left > 0) this.logger.warn(`${left} more refused requests were not logged.`);
      this.minuteFrom = now;
      this.lines = 0;
    }
    this.lines += 1;
    if (this.lines <= LINES_A_MINUTE) this.logger.warn(line());
  }

  private lineOf(error: AuthError, host: RefusedIn): string {
    const context = handlerIn(host);
    const policies = context === undefined ? [] : this.parts.policiesOf(context);
    return this.sentence(this.placeOf(host, context), error, policies);
  }

  private sentence(place: string, error: AuthError, policies: readonly string[]): string {
    const { check } = ERROR_HELP[error.code];
    const reason = this.explanations.get(error) ?? (error.reason === undefined ? undefined : reasonText(error.reason));
    const failed = reason === undefined ? check : `${check}; ${reason.replace(/\.$/, '')}`;
    const text = `${place} was refused with ${error.status} ${error.code}${bySchemes(error)}. Check: ${failed}. Would pass: ${this.passes(error, policies)}.`;
    return `${harmless(text)} ${pageOfError(error.code)}`;
  }

  /** What would have passed, as exactly as the refusal, the route and its schemes say it. */
  private passes(error: AuthError, policies: readonly string[]): string {
    const { schemes } = refusedAtOf(error);
    if (error.code === 'unauthenticated' && schemes.length > 0)
      return schemes
        .map((scheme) => `${scheme.name}: ${this.parts.credentials[scheme.name] ?? describedBy(scheme)}`)
        .join('; or ');
    const exact = exactly(error, policies);
    const { passes } = ERROR_HELP[error.code];
    return exact === '' ? passes : `${passes} (${exact})`;
  }

  private placeOf(host: RefusedIn, context: ExecutionContext | undefined): string {
    if (context === undefined) return routeIn(host);
    const name = `${context.getClass().name}.${context.getHandler().name}`;
    const address = context.getType() === 'http' ? this.parts.addressOf(context) : context.getType<string>();
    return address === undefined ? name : `${address} (${name})`;
  }
}

/** The scheme that decided, or those that were looked for. */
function bySchemes(error: AuthError): string {
  const { scheme, schemes } = refusedAtOf(error);
  if (scheme !== undefined) return ` by the scheme ${scheme}`;
  return schemes.length === 0 ? '' : `; schemes: ${schemes.map(({ name }) => name).join(', ')}`;
}

/**
 * What the refusal itself says of what would have passed. Problems of a body are in the answer alone: a validator may be told to write what was
 * typed into its message, a password too.
 */
function exactly({ code, requiredScopes, maxAgeSeconds, acrValues }: AuthError, policies: readonly string[]): string {
  return [
    requiredScopes === undefined ? '' : `scopes ${requiredScopes.join(' ')}`,
    maxAgeSeconds === undefined ? '' : `a sign-in of the last ${maxAgeSeconds} seconds`,
    acrValues === undefined ? '' : `acr ${acrValues.join(' or ')}`,
    code === 'forbidden' ? policies.join(' and ') : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

/** How a credential of a scheme of the application is sent, as OpenAPI documents say it. */
function describedBy({ openapi }: Pick<Scheme, 'openapi'>): string {
  const sent = Object.values(openapi?.always ?? {}).map(placeOfCredential);
  return sent.length === 0 ? 'what its find() takes' : sent.join(' and ');
}

function placeOfCredential(described: SecurityDescription): string {
  if (described.type === 'http') return `the header Authorization: ${described.scheme} <credential>`;
  return described.type === 'apiKey' ? `the ${described.in} ${described.name}` : 'the header Authorization';
}

/** The context of a handler, if the host knows one: that of an exception filter does not. */
function handlerIn(host: RefusedIn): ExecutionContext | undefined {
  const isKnown = typeof host.getHandler?.() === 'function' && typeof host.getClass?.() === 'function';
  return isKnown ? (host as ExecutionContext) : undefined;
}

function requestIn(host: RefusedIn): unknown {
  if (typeOf(host) === 'http') return host.switchToHttp().getRequest();
  return host.getArgs?.()[0];
}

function typeOf(host: RefusedIn): string {
  return host.getType?.<string>() ?? 'http';
}

/** Method and pattern of the route, as the framework knows them: neither is text of the client. */
function routeIn(host: RefusedIn): string {
  const type = typeOf(host);
  if (type !== 'http') return `${type} ${fieldIn(host)}`;
  const { method, route, routeOptions } = host.switchToHttp().getRequest<FrameworkRequest>();
  const pattern = route?.path ?? routeOptions?.url;
  const verb = typeof method === 'string' && /^[A-Z]{1,20}$/.test(method) ? method : 'a request';
  return typeof pattern === 'string' ? `${verb} ${pattern}` : `${verb} to no route of a handler`;
}

/** The field of the schema that a resolver answers for; empty in other contexts. */
function fieldIn(host: RefusedIn): string {
  const info = host.getArgs?.()[3] as { readonly parentType?: unknown; readonly fieldName?: unknown } | undefined;
  return typeof info?.fieldName === 'string' ? `${String(info.parentType)}.${info.fieldName}` : 'outside of a guard';
}

/** What Express and Fastify know of the route of a request. */
interface FrameworkRequest {
  readonly method?: unknown;
  readonly route?: { readonly path?: unknown };
  readonly routeOptions?: { readonly url?: unknown };
}

/** One line of a bounded length: control characters, directions of text and separators of lines are escaped. */
function harmless(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
  return cut.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, escaped);
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
