// The `events` door: what happened. Events, the audit trail, and what logs must mask.
export { EVENTS_CHANNEL, onAuthEvent } from './core/base/events.js';
export { AuditSink, MemoryAuditSink } from './core/audit/audit.js';
export { REDACTED_PATHS } from './core/audit/redacted-paths.js';

export type {
  AttemptEvent,
  AttemptOutcome,
  AuthEvent,
  ClientRefusalEvent,
  ClientSignInEvent,
  CookieHalfEvent,
  EarlyAttemptEvent,
  ForgivenFailure,
  KeysEvent,
  RefusalEvent,
  RevocationEvent,
  SchemeEvent,
  SignInEvent,
  SignInStepEvent,
  SignInStepRefusalEvent,
  StoreEvent,
  UncheckedEvent,
  UsersEvent,
} from './core/base/events.js';
export type { AuditEntry, AuditSinkFactory, AuditType } from './core/audit/audit.js';
