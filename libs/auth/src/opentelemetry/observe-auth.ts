// The bridge from events to OpenTelemetry. Events are published in the course of a request, so that the active span is the
// request's own.
import { metrics, trace, type Attributes, type MeterProvider } from '@opentelemetry/api';
import { onStoreCall, VERSION } from '../core/internal.js';
import { onAuthEvent, type AttemptEvent, type AuthEvent, type EarlyAttemptEvent } from '../events.js';
import { Instruments, LABEL } from './instruments.js';

/** Attributes that may be exported besides codes and counts. */
export interface ObserveAuthOptions {
  /**
   * Puts the subject on the span as `enduser.id`, and on a mismatch of cookie and session both of theirs. It is personal data, and spans
   * travel far; metrics never hold it.
   * @defaultValue false
   */
  readonly endUserId?: boolean;
  /** @defaultValue the global one */
  readonly meterProvider?: MeterProvider;
}

/** What a span says of these, as an event without identifiers. */
const SPAN_EVENTS: ReadonlySet<AuthEvent['type']> = new Set([
  'sign_in',
  'sign_out',
  'sign_in_step_required',
  'sign_in_step_passed',
  'client_sign_in',
  'refresh',
  'refresh_reused',
  'revoked',
]);

/**
 * Tells OpenTelemetry what authentication does in this process. Call it once, after the SDK was started.
 *
 * @returns a function that stops it
 * @example
 * ```ts
 * import { observeAuth } from 'nestjs-latchkey/opentelemetry';
 *
 * const stop = observeAuth({ endUserId: false });
 * stop();
 * ```
 */
export function observeAuth({ endUserId = false, meterProvider }: ObserveAuthOptions = {}): () => void {
  const instruments = new Instruments((meterProvider ?? metrics).getMeter('nestjs-latchkey', VERSION));
  const stopEvents = onAuthEvent((event) => {
    instruments.count(event);
    tellSpan(event, endUserId);
  });
  const stopCalls = onStoreCall((call) => {
    instruments.measure(call);
  });
  return () => {
    stopEvents();
    stopCalls();
  };
}

function tellSpan(event: AuthEvent, endUserId: boolean): void {
  const span = trace.getActiveSpan();
  if (span === undefined) return;
  if (event.type === 'attempt') span.setAttributes(attributesOf(event, endUserId));
  else if (event.type === 'early_attempt') span.setAttributes(earlyAttributesOf(event));
  else if (SPAN_EVENTS.has(event.type)) span.addEvent(`latchkey.${event.type}`);
  else if ('code' in event) span.addEvent(`latchkey.${event.type}`, { 'latchkey.code': event.code });
}

/** `error.type` is the span's own: a refusal that was forgiven is not an error of the request. */
function attributesOf(event: AttemptEvent, endUserId: boolean): Attributes {
  const { outcome, scheme, code, kind, carried, conflicting, forgiven, reason, key, issuer, claimedIssuer } = event;
  const { cookieIssue, foreignScheme, version } = event;
  return {
    [LABEL.outcome]: outcome,
    [LABEL.scheme]: scheme,
    [LABEL.kind]: kind,
    [LABEL.issuer]: issuer,
    'latchkey.code': code,
    'latchkey.carried': [...carried],
    'latchkey.conflicting': conflicting,
    'latchkey.forgiven': forgiven.map((failure) => `${failure.scheme}:${failure.code}`),
    'latchkey.reason.claim': reason?.claim,
    'latchkey.reason.rule': reason?.rule,
    'latchkey.key.id': key?.kid,
    'latchkey.key.alg': key?.alg,
    'latchkey.claimed_issuer': claimedIssuer,
    'latchkey.cookie_issue': cookieIssue,
    'latchkey.foreign_scheme': foreignScheme,
    'latchkey.version': version,
    ...(endUserId ? subjectsOf(event) : {}),
  };
}

/** What `authenticateEarly()` found, under names of its own: the attempt of the guard is a second one. */
function earlyAttributesOf({ outcome, scheme }: EarlyAttemptEvent): Attributes {
  return { 'latchkey.early.outcome': outcome, 'latchkey.early.scheme': scheme };
}

/** The caller, and whom cookie and session name where they differ. */
function subjectsOf({ subject, cookieSubject, cookieIssuer, sessionSubject }: AttemptEvent): Attributes {
  const ofMismatch = {
    'latchkey.cookie_subject': cookieSubject,
    'latchkey.cookie_issuer': cookieIssuer,
    'latchkey.session_subject': sessionSubject,
  };
  return {
    ...(subject === undefined ? {} : { 'enduser.id': subject }),
    ...(sessionSubject === undefined ? {} : ofMismatch),
  };
}
