// The composition root: everything that the core is, assembled from settings and ports. It knows no framework; NestJS and the tests of
// the core call the same function.
import type { AuditSink } from '../audit/audit.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { Authenticator } from '../authentication/authenticator.js';
import type { Clock } from '../base/clock.js';
import { completeAll } from '../base/complete-all.js';
import type { AuthError } from '../base/errors.js';
import { channelSink, type EventSink } from '../base/event-sink.js';
import { defaultLimits, externalLimits, ownLimits, widestLimits } from '../base/limits.js';
import { NO_NOTICES, type OperatorNotices } from '../base/operator-notices.js';
import { csrfExplanation } from '../browser/csrf-explanation.js';
import { CsrfService } from '../browser/csrf.js';
import { SessionService, type HostSession } from '../browser/session.js';
import { ExternalIssuers } from '../issuers/external-issuers.js';
import { OneTimeTokens, type OneTimeTokensParts } from '../issuing/one-time-tokens.js';
import { TokenMinter } from '../issuing/token-minter.js';
import { TokenService } from '../issuing/token-service.js';
import { OwnKeys } from '../keys/own-keys.js';
import { BlocklistService } from '../logins/blocklist-service.js';
import { LoginService } from '../logins/login-service.js';
import type { BearerSource } from '../schemes/bearer-scheme.js';
import type { Scheme } from '../schemes/schemes.js';
import type { RevocationEntry, Stores } from '../stores/stores.js';
import { selfCheck } from '../tokens/self-check.js';
import { TokenVerifier } from '../tokens/token-verifier.js';
import { Continuations } from '../sign-in/continuations.js';
import { SignInService } from '../sign-in/sign-in-service.js';
import { AccountResolver } from '../users/accounts.js';
import { RememberedUsers } from '../users/remembered-users.js';
import type { AuthenticationSettings } from './authentication-settings.js';
import { builtInSchemes } from './built-in-schemes.js';
import { csrfSecrets } from './csrf-secrets.js';
import { guardStores, lookupIn, type GuardedStores } from './guard-stores.js';
import { Lifecycle } from './lifecycle.js';
import { ownIssuer, ownProfilesOf } from './own-issuer.js';

/** What the core needs from outside: each can be replaced. */
export interface AuthenticationPorts {
  readonly clock: Clock;
  /** As their adapters made them; they are guarded here, unless {@link guardStores} did it. */
  readonly stores: Stores | GuardedStores;
  /** The session of the host. */
  readonly hostSession: HostSession;
  /** Where bearer tokens are found. */
  readonly bearer: BearerSource;
  /** Where to keep what happened, and whether nothing may happen that was not recorded first. @defaultValue nothing is kept */
  readonly audit?: { readonly sink: AuditSink; readonly required?: boolean | undefined } | undefined;
  /** Called for every user description that cannot be used: an error of the application. @defaultValue ignored */
  readonly onMistake?: ((mistake: Error) => void) | undefined;
  /** Told in words why a page was refused, with what was sent: for development, never for production. @defaultValue ignored */
  readonly onPageRefused?: ((explanation: string, error: AuthError) => void) | undefined;
  /** The log of the application. @defaultValue none */
  readonly notices?: OperatorNotices | undefined;
}

/** The core, assembled. */
export interface Authentication {
  readonly clock: Clock;
  readonly stores: GuardedStores;
  readonly eventSink: EventSink;
  readonly keys: OwnKeys;
  readonly issuers: ExternalIssuers;
  readonly verifier: TokenVerifier;
  /** Its sources are assigned later: the application may make them of parts of the core. */
  readonly users: AccountResolver;
  readonly blocklist: BlocklistService;
  readonly logins: LoginService;
  readonly tokens: TokenService;
  readonly oneTime: OneTimeTokens;
  readonly signIn: SignInService;
  readonly csrf: CsrfService;
  readonly sessions: SessionService;
  /** The built-in schemes by name; the application may add its own. */
  readonly schemes: Map<string, Scheme>;
  readonly authenticator: Authenticator;
  readonly lifecycle: Lifecycle;
}

/**
 * Assembles the core.
 * @param settings complete and checked
 * @throws {AuthConfigurationError} with everything that is wrong with any key, of ours or of another issuer
 */
export async function createAuthentication(
  settings: AuthenticationSettings,
  ports: AuthenticationPorts,
): Promise<Authentication> {
  const { clock, audit, hostSession: host } = ports;
  const eventSink = audit === undefined ? channelSink : new AuditTrail(audit.sink, clock, audit);
  const [keys, issuers] = await completeAll([openKeys(settings, ports, eventSink), openIssuers(settings, clock)]);
  const stores = 'replica' in ports.stores ? ports.stores : guardStores(ports.stores, settings.revocation, clock);
  const verifier = new TokenVerifier({ issuers: [...ownIssuer(settings, keys), ...issuers.issuers], clock });
  const users = usersOf(settings, ports);
  const blocklist = blocklistOf(settings, stores, { clock, eventSink, users });
  const logins = new LoginService(stores.logins, blocklist, clock);
  const common = { settings: settings.tokens, clock, users, logins, blocklist };
  const tokens = new TokenService({ ...common, verifier, minter: minterOf(settings, keys) });
  const oneTime = oneTimeTokensOf(settings, { ...common, keys, store: stores.oneTime });
  const signIn = signInOf(settings, { ...common, eventSink, oneTime, store: stores.oneTime });
  const csrf = csrfOf(settings, ports, keys);
  const schemes = builtInSchemes(settings, { ...common, ...ports, verifier, csrf, host, signIn });
  const authenticator = new Authenticator(blocklist, users, { onMismatch: settings.session.mismatch, clock });
  const lifecycle = lifecycleOf(settings, ports, { keys, issuers, stores, blocklist, logins, users });
  return {
    clock,
    stores,
    eventSink,
    keys,
    issuers,
    verifier,
    users,
    blocklist,
    logins,
    tokens,
    oneTime,
    signIn,
    csrf,
    sessions: new SessionService({ ...common, host }),
    schemes,
    authenticator,
    lifecycle,
  };
}

function usersOf(
  { userFreshness: freshness = 'every-request', tokenUser }: AuthenticationSettings,
  { onMistake, clock }: AuthenticationPorts,
): AccountResolver {
  const remembered = typeof freshness === 'object' ? new RememberedUsers(clock, freshness) : undefined;
  return new AccountResolver(onMistake, tokenUser, { freshness, remembered });
}

async function openKeys(
  { issuing, keys, algorithm, tokens, toleranceSeconds }: AuthenticationSettings,
  { clock, notices = NO_NOTICES }: AuthenticationPorts,
  eventSink: EventSink,
): Promise<OwnKeys> {
  if (!issuing) return OwnKeys.none();
  const { issuer, refresh, access } = tokens;
  const overlapSeconds = Math.max(refresh.idleSeconds, access.maxTtlSeconds) + toleranceSeconds;
  return OwnKeys.open({ keys, algorithm, issuer, overlapSeconds, clock, eventSink, notices });
}

function openIssuers(
  { trust, toleranceSeconds, limits }: AuthenticationSettings,
  clock: Clock,
): Promise<ExternalIssuers> {
  return ExternalIssuers.of(trust, { clock, toleranceSeconds, limits: { ...externalLimits, ...limits } });
}

function blocklistOf(
  { tokens, toleranceSeconds, revocation }: AuthenticationSettings,
  stores: GuardedStores,
  { clock, eventSink, users: { remembered } }: Pick<Authentication, 'clock' | 'eventSink' | 'users'>,
): BlocklistService {
  return new BlocklistService(stores.revocations, clock, {
    look: lookupIn(stores, revocation, clock),
    eventSink,
    onRevoked: remembered && ((entry, subject) => remembered.forgetRevoked(entry, subject)),
    accessSeconds: tokens.access.maxTtlSeconds,
    loginSeconds: tokens.refresh.absoluteSeconds,
    toleranceSeconds,
  });
}

function csrfOf({ csrf }: AuthenticationSettings, { onPageRefused }: AuthenticationPorts, keys: OwnKeys): CsrfService {
  return new CsrfService(csrf, csrfSecrets(csrf.secret, keys), (error, request) => {
    const explanation = onPageRefused && csrfExplanation(error.code, request, csrf);
    if (explanation !== undefined) onPageRefused?.(explanation, error);
  });
}

function minterOf(settings: AuthenticationSettings, keys: OwnKeys): TokenMinter {
  return new TokenMinter(settings.tokens, () => keys.signingKey, {
    check: selfCheck(() => ownProfilesOf(settings, []).access),
    // Lowered limits are for what is presented.
    limits: widestLimits([defaultLimits, ownLimits(settings.limits)]),
  });
}

function oneTimeTokensOf(
  settings: AuthenticationSettings,
  parts: Omit<OneTimeTokensParts, 'settings' | 'toleranceSeconds' | 'limits'>,
): OneTimeTokens {
  const { tokens, toleranceSeconds, limits } = settings;
  return new OneTimeTokens({ ...parts, settings: tokens, toleranceSeconds, limits: ownLimits(limits) });
}

function lifecycleOf(
  { revocation }: AuthenticationSettings,
  { clock, audit }: AuthenticationPorts,
  { users, ...parts }: Pick<Authentication, 'keys' | 'issuers' | 'stores' | 'blocklist' | 'logins' | 'users'>,
): Lifecycle {
  const { remembered } = users;
  const onLearned = remembered && ((entry: RevocationEntry) => remembered.forgetRevoked(entry));
  return new Lifecycle({ ...parts, clock, onLearned, auditSink: audit?.sink, pruneEveryMs: revocation.pruneEveryMs });
}

function signInOf({ signIn }: AuthenticationSettings, { users, eventSink, ...parts }: SignInParts): SignInService {
  return new SignInService(users, eventSink, new Continuations({ ...parts, settings: signIn }));
}

type SignInParts = Pick<Authentication, 'users' | 'eventSink' | 'clock' | 'oneTime'> & {
  readonly store: GuardedStores['oneTime'];
};
