// What carries the request of a context, and the record of it: all that the library knows of one request while it is served. It is adapted
// once; what was decided about it, and what was left on it for its handler, is shared by all guards.
import type { ExecutionContext } from '@nestjs/common';
import type { Decision } from '../../core/authentication/authenticator.js';
import type { RouteRequirements } from '../../core/authentication/route-requirements.js';
import type { AuthUser, Principal } from '../../core/base/principal.js';
import type { AuthRequest } from '../../core/base/request.js';
import type { Scheme } from '../../core/schemes/schemes.js';
import { adaptRequest } from './adapt-request.js';
import { graphqlCarrierOf } from './graphql-carriers.js';
import { adaptNodeRequest, type HttpAuthRequest } from './http-requests.js';
import { rememberPayload } from './rpc-carriers.js';
import { unsupported } from './unsupported.js';

/**
 * The framework's request of a context, to which a guard attaches its result: the request in http and in GraphQL, the socket of a
 * gateway, the context of a message.
 * @throws {AuthError} `unsupported_context`
 */
export function requestOf(context: ExecutionContext): unknown {
  switch (context.getType<string>()) {
    case 'http':
      return context.switchToHttp().getRequest();
    case 'graphql':
      return graphqlCarrierOf(context.getArgs());
    case 'ws':
      return context.switchToWs().getClient();
    case 'rpc': {
      const message = context.switchToRpc();
      rememberPayload(message.getContext(), message.getData());
      return message.getContext();
    }
    default:
      throw unsupported(`contexts of the type '${context.getType<string>()}' are not known`);
  }
}

/** True for what {@link requestOf} answers; false if it answers nothing. */
export function isFrameworkRequest(request: unknown, context: ExecutionContext): boolean {
  try {
    return requestOf(context) === request;
  } catch {
    return false;
  }
}

/** What a guard attaches to the framework's request. */
export interface AuthenticatedRequest {
  /** The user, under the name that Nest and passport developers know. */
  user?: AuthUser | undefined;
  /** The principal; `undefined` if no caller was recognized. */
  auth?: Principal | undefined;
}

/** What was decided about a request: hardly ever more than one demand. */
interface Decided {
  readonly demand: RouteRequirements;
  readonly decision: Decision | Promise<Decision>;
  readonly earlier: Decided | undefined;
}

/** The record of one request. */
export class RequestRecord {
  /** What guards left for the handler. */
  answer: Required<AuthenticatedRequest> | undefined;
  /** What Node received is adapted once. How a socket was opened, or what a stand-in holds, may become known later than its record. */
  private readonly http: HttpAuthRequest | undefined;
  private decided: Decided | undefined;

  /** @param carrier what carries the request: the framework's own, a socket, the context of a message */
  constructor(readonly carrier: unknown) {
    this.http = adaptNodeRequest(carrier);
  }

  /** True unless Node received it as one request: many messages may share what was sent once, so no decision is remembered with it. */
  get isLongLived(): boolean {
    return this.http === undefined || this.http.isUpgrade;
  }

  /**
   * The request in the words of the core.
   * @throws {AuthError} `unsupported_context` if it is nothing that could carry a credential
   */
  get request(): AuthRequest {
    return this.http ?? adaptRequest(this.carrier);
  }

  /** What was decided before about the same demand. */
  decisionOn(demand: RouteRequirements): Decision | Promise<Decision> | undefined {
    for (let each = this.decided; each !== undefined; each = each.earlier)
      if (each.demand === demand) return each.decision;
    return undefined;
  }

  /** The schemes that guards looked for, in order, with repeats. */
  get schemesAsked(): readonly Scheme[] {
    const asked: Scheme[] = [];
    for (let each = this.decided; each !== undefined; each = each.earlier) asked.unshift(...each.demand.schemes);
    return asked;
  }

  remember(demand: RouteRequirements, decision: Decision | Promise<Decision>): void {
    this.decided = { demand, decision, earlier: this.decided };
  }

  /** Leaves an answer on the request: `user` and `auth` for the application, and the same here, for the library. */
  leave(answer: Required<AuthenticatedRequest>): void {
    this.answer = answer;
    show(this.carrier, answer);
  }
}

/** Puts an answer on what carries a request, for the application: no part of the library reads it there. */
export function show(carrier: unknown, answer: Required<AuthenticatedRequest>): void {
  if (typeof carrier !== 'object' || carrier === null || !Object.isExtensible(carrier)) return;
  const attached = carrier as AuthenticatedRequest;
  attached.auth = answer.auth;
  attached.user = answer.user;
}

/**
 * The record, on what carries the request. The members beside it are for the application's convenience, and are never read again:
 * middleware of another party may have put something there. A text underneath, so that two copies of the package agree.
 */
const RECORD = Symbol.for('nestjs-latchkey:record');

interface Recorded {
  [RECORD]?: Pick<RequestRecord, 'carrier' | 'answer'>;
}

/** Records of what cannot be written on. If it can, a WeakMap would cost more than the rest of the work. */
const ofFrozen = new WeakMap<object, RequestRecord>();

/** The record of what carries a request: the same one for as long as it is served. */
export function recordOf(carrier: unknown): RequestRecord {
  if (typeof carrier !== 'object' || carrier === null) return new RequestRecord(carrier);
  const known = recordOn(carrier);
  // Another copy of the package decides by demands of its own.
  if (known instanceof RequestRecord) return known;
  const record = new RequestRecord(carrier);
  record.answer = known?.answer;
  if (Object.isExtensible(carrier)) (carrier as Recorded)[RECORD] = record;
  else ofFrozen.set(carrier, record);
  return record;
}

/** A record that nothing keeps: for an object that may stand for one request after another. */
export function freshRecordOf(carrier: unknown): RequestRecord {
  return new RequestRecord(carrier);
}

/** What was left on what carries a request; empty if no guard of ours left an answer. */
export function answerOn(carrier: unknown): AuthenticatedRequest {
  return (typeof carrier === 'object' && carrier !== null && recordOn(carrier)?.answer) || {};
}

/** A copy of a request is another request, and has no record of its own. */
function recordOn(carrier: object): Recorded[typeof RECORD] {
  const { [RECORD]: noted } = carrier as Recorded;
  return noted?.carrier === carrier ? noted : ofFrozen.get(carrier);
}
