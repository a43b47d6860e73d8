// The metrics: their names, units and labels. Labels are codes and names that the configuration knows; never a key id, a
// subject, a sign-in or a path, whose number has no bound.
import type { Attributes, Meter } from '@opentelemetry/api';
import type { StoreCall } from '../core/internal.js';
import type {
  AttemptEvent,
  AuthEvent,
  ClientRefusalEvent,
  ClientSignInEvent,
  KeysEvent,
  RefusalEvent,
  SignInEvent,
  SignInStepEvent,
  SignInStepRefusalEvent,
} from '../events.js';

/** Labels and span attributes; `error.type` is of the semantic conventions. */
export const LABEL = {
  outcome: 'latchkey.outcome',
  scheme: 'latchkey.scheme',
  kind: 'latchkey.kind',
  store: 'latchkey.store',
  issuer: 'latchkey.issuer',
  error: 'error.type',
} as const;

/** Histogram buckets in seconds, up to 1 s, the maximum store timeout. */
const BOUNDARIES = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

const REFRESH_OUTCOMES = {
  refresh: 'rotated',
  refresh_retry: 'retry',
  refresh_held: 'held',
  refresh_reused: 'reused',
} as const;

const STEP_OUTCOMES = {
  sign_in_step_required: 'required',
  sign_in_step_passed: 'passed',
  sign_in_step_failed: 'failed',
} as const;

/** The instruments of one meter. */
export class Instruments {
  private readonly attempts;
  private readonly refusals;
  private readonly signIns;
  private readonly steps;
  private readonly clientSignIns;
  private readonly refreshes;
  private readonly revocations;
  private readonly unchecked;
  private readonly fetches;
  private readonly keys;
  private readonly storeCalls;
  private readonly outages;

  constructor(meter: Meter) {
    const counter = (name: string, unit: string, description: string) =>
      meter.createCounter(`latchkey.${name}`, { unit, description });
    this.attempts = counter('attempts', '{attempt}', 'Attempts to authenticate a caller.');
    this.refusals = counter('refusals', '{refusal}', 'Refused requests, sign-ins and refreshes by their exact code.');
    this.signIns = counter('sign_ins', '{sign_in}', 'Sign-ins that were opened, refused or ended.');
    this.steps = counter('sign_in_steps', '{step}', 'Further steps of sign-ins: required, passed or failed.');
    this.clientSignIns = counter('client_sign_ins', '{sign_in}', 'Tokens for clients that act for themselves.');
    this.refreshes = counter('refreshes', '{refresh}', 'Refresh tokens that were presented.');
    this.revocations = counter('revocations', '{entry}', 'Entries made on the blocklist.');
    this.unchecked = counter('revocations.unchecked', '{token}', 'Tokens accepted without asking the blocklist.');
    this.fetches = counter('key_set.fetches', '{fetch}', 'Key sets fetched from other issuers.');
    this.outages = counter('store.outages', '{outage}', 'How often a store failed so long that it is no longer asked.');
    this.keys = meter.createGauge('latchkey.keys', { unit: '{key}', description: 'Keys in force by issuer.' });
    this.storeCalls = meter.createHistogram('latchkey.store.duration', {
      unit: 's',
      description: 'How long a store took to answer.',
      advice: { explicitBucketBoundaries: BOUNDARIES },
    });
  }

  /** Counts what happened. */
  count(event: AuthEvent): void {
    if (event.type === 'attempt') this.countAttempt(event);
    else if (event.type === 'revoked') this.revocations.add(1, { [LABEL.kind]: event.kind });
    else if (event.type === 'client_sign_in' || event.type === 'client_sign_in_refused') this.countClient(event);
    else if (isStep(event)) this.steps.add(1, { [LABEL.outcome]: STEP_OUTCOMES[event.type] });
    else if ('sid' in event || 'code' in event) this.countSignIn(event);
    else this.countDependency(event);
  }

  /** Measures a call to a store. */
  measure({ store, durationMs, isAnswered }: StoreCall): void {
    const labels = { [LABEL.store]: store, ...(isAnswered ? {} : { [LABEL.error]: 'store_unavailable' }) };
    this.storeCalls.record(durationMs / 1000, labels);
  }

  private countDependency(event: AuthEvent): void {
    if (event.type === 'revocation_unchecked') this.unchecked.add(1);
    else if (event.type === 'store_failed') this.outages.add(1, { [LABEL.store]: event.store });
    else if ('count' in event || event.type === 'key_set_failed') this.countKeys(event);
  }

  private countAttempt({ outcome, scheme, code }: AttemptEvent): void {
    const labels: Attributes = {
      [LABEL.outcome]: outcome,
      ...(scheme === undefined ? {} : { [LABEL.scheme]: scheme }),
    };
    this.attempts.add(1, labels);
    if (code !== undefined && outcome !== 'anonymous') this.refusals.add(1, { [LABEL.error]: code });
  }

  private countSignIn(event: Extract<AuthEvent, { type: SignInType }>): void {
    if ('code' in event) this.refusals.add(1, { [LABEL.error]: event.code });
    if (event.type === 'sign_in') this.signIns.add(1, { [LABEL.outcome]: 'opened' });
    else if (event.type === 'sign_out') this.signIns.add(1, { [LABEL.outcome]: 'ended' });
    else if (event.type === 'sign_in_refused') this.signIns.add(1, { [LABEL.outcome]: 'refused' });
    else if (event.type === 'refresh_refused') this.refreshes.add(1, { [LABEL.outcome]: 'refused' });
    else this.refreshes.add(1, { [LABEL.outcome]: REFRESH_OUTCOMES[event.type] });
  }

  private countClient(event: ClientSignInEvent | ClientRefusalEvent): void {
    if ('code' in event) this.refusals.add(1, { [LABEL.error]: event.code });
    this.clientSignIns.add(1, { [LABEL.outcome]: event.type === 'client_sign_in' ? 'issued' : 'refused' });
  }

  private countKeys({ type, issuer, count }: KeysEvent): void {
    const labels: Attributes = issuer === undefined ? {} : { [LABEL.issuer]: issuer };
    if (type === 'key_set_failed') this.fetches.add(1, { ...labels, [LABEL.outcome]: 'failed' });
    if (type === 'key_set_fetched') this.fetches.add(1, { ...labels, [LABEL.outcome]: 'fetched' });
    if (count !== undefined) this.keys.record(count, labels);
  }
}

/** The refusal of a step is counted with that of its sign-in. */
function isStep(event: AuthEvent): event is SignInStepEvent | SignInStepRefusalEvent {
  return event.type in STEP_OUTCOMES;
}

type SignInType = SignInEvent['type'] | RefusalEvent['type'];
