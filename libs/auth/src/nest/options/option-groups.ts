// The judgement of each option group, one function a group: what was asked for, with defaults filled in.
import {
  DEFAULTS,
  type AccessOptions,
  type AuthModuleOptions,
  type ErrorResponseOptions,
  type RefreshOptions,
  type RevocationOptions,
} from './auth.options.js';
import { clientIdProblem } from '../../core/tokens/client-id.js';
import { DAY_MS, MINUTE_MS, SECOND_MS, shown, type OptionErrors } from './option-errors.js';
import type { AuthSettings } from './settings.js';

type Tokens = AuthSettings['tokens'];

/** `issuer`, `audience`, `access` and `refresh`: everything that issuing follows. */
export function tokenSettings(options: AuthModuleOptions, problems: OptionErrors): Tokens {
  const issuer = options.issuer ?? DEFAULTS.developmentIssuer;
  problems.check(
    isIssuer(issuer),
    `issuer is ${shown(issuer)}; accepted is an http(s) address without query or fragment, and without blanks around it`,
  );
  const access = {
    ...accessSettings(options.access ?? {}, problems),
    clientId: clientIdOf(options.access, issuer, problems),
  };
  const refresh = refreshSettings(options.refresh ?? {}, problems);
  problems.check(refresh.idleSeconds >= access.ttlSeconds, 'refresh.idle must not be shorter than access.ttl');
  return { issuer, audience: audienceOf(options, problems), access, refresh };
}

function audienceOf(
  { audience = DEFAULTS.developmentAudience }: AuthModuleOptions,
  problems: OptionErrors,
): readonly string[] {
  if (audience === false) return [];
  const names = [audience].flat();
  const named =
    names.length > 0 && names.every((name) => typeof name === 'string' && name !== '' && name.trim() === name);
  problems.check(named, `audience is ${shown(audience)}; accepted is a name, a list of names, or false`);
  return names;
}

function accessSettings(access: AccessOptions, problems: OptionErrors): Omit<Tokens['access'], 'clientId'> {
  const { ttl = DEFAULTS.accessTtl, maxTtl, subjectClaim = 'sub', claimsFor } = access;
  const bounds = { min: SECOND_MS, max: DAY_MS, accepts: 'one second to 24 hours' };
  const ttlMs = problems.span('access.ttl', ttl, bounds);
  const maxTtlMs = maxTtl === undefined ? ttlMs : problems.span('access.maxTtl', maxTtl, bounds);
  problems.check(maxTtlMs >= ttlMs, 'access.maxTtl must not be shorter than access.ttl');
  problems.check(
    /^\w{1,64}$/.test(subjectClaim),
    `access.subjectClaim is ${shown(subjectClaim)}; accepted is a claim name`,
  );
  problems.check(
    claimsFor === undefined || typeof claimsFor === 'function',
    'access.claimsFor must be a function of the user that answers with claims',
  );
  return { ttlSeconds: wholeSeconds(ttlMs), maxTtlSeconds: wholeSeconds(maxTtlMs), subjectClaim, claimsFor };
}

/** Without OAuth clients the issuer is the client: its own routes sign people in. */
function clientIdOf({ clientId }: AccessOptions = {}, issuer: string, problems: OptionErrors): string {
  if (clientId === undefined) return issuer;
  const problem = clientIdProblem(clientId);
  problems.check(problem === undefined, `access.clientId ${problem}`);
  return clientId;
}

function refreshSettings(refresh: RefreshOptions, problems: OptionErrors): Tokens['refresh'] {
  const { idle = DEFAULTS.refreshIdle, absolute = DEFAULTS.refreshAbsolute, grace = DEFAULTS.refreshGrace } = refresh;
  const bounds = { min: 60 * SECOND_MS, max: 400 * DAY_MS, accepts: 'one minute to 400 days' };
  const idleMs = problems.span('refresh.idle', idle, bounds);
  const absoluteMs = problems.span('refresh.absolute', absolute, bounds);
  problems.check(absoluteMs >= idleMs, 'refresh.absolute must not be shorter than refresh.idle');
  const graceMs = problems.span('refresh.grace', grace, { min: 0, max: 60 * SECOND_MS, accepts: '0 to 60 seconds' });
  return { idleSeconds: wholeSeconds(idleMs), absoluteSeconds: wholeSeconds(absoluteMs), graceMs };
}

export function revocationSettings(revocation: RevocationOptions, problems: OptionErrors): AuthSettings['revocation'] {
  const {
    freshness = 'every-request',
    onStoreError = 'refuse',
    timeout = DEFAULTS.storeTimeout,
    pruneEvery,
  } = revocation;
  problems.oneOf('revocation.onStoreError', onStoreError, ['refuse', 'allow']);
  problems.check(
    freshness === 'every-request' || isBetween(freshness.withinMs, 10, 60_000),
    `revocation.freshness is ${shown(freshness)}; accepted is 'every-request' or { withinMs: 10 to 60000 }`,
  );
  const timeoutMs = problems.span('revocation.timeout', timeout, {
    min: 10,
    // A request may wait for several calls, one after the other: the sum stays under five seconds.
    max: SECOND_MS,
    accepts: "'10ms' to '1s'",
  });
  const bounds = { min: MINUTE_MS, max: DAY_MS, accepts: 'one minute to 24 hours' };
  const pruneEveryMs =
    pruneEvery === undefined ? undefined : problems.span('revocation.pruneEvery', pruneEvery, bounds);
  return { freshness, onStoreError, timeoutMs, pruneEveryMs };
}

export function toleranceSeconds(clockTolerance: unknown, problems: OptionErrors): number {
  const bounds = { min: 0, max: 60 * SECOND_MS, accepts: '0 to 60 seconds' };
  return wholeSeconds(problems.span('clockTolerance', clockTolerance ?? DEFAULTS.clockTolerance, bounds));
}

export function errorSettings(errors: ErrorResponseOptions, problems: OptionErrors): AuthSettings['errors'] {
  const { format = 'nest', body, unreadableBodies = 'ready-made', realm = DEFAULTS.realm } = errors;
  problems.oneOf('errors.format', format, ['nest', 'problem']);
  problems.oneOf('errors.unreadableBodies', unreadableBodies, ['ready-made', 'all']);
  // A line break in a realm would let whoever chooses it write headers.
  problems.check(/^[\x20-\x7e]{1,128}$/.test(realm), 'errors.realm must be 1 to 128 printable ASCII characters');
  problems.check(
    body === undefined || typeof body === 'function',
    `errors.body is ${shown(body)}; accepted is a function of the refusal and its context that returns an object`,
  );
  return { format, body, unreadableBodies, realm };
}

function isIssuer(text: unknown): boolean {
  if (typeof text !== 'string' || text.trim() !== text || !URL.canParse(text)) return false;
  const { protocol, search, hash, username } = new URL(text);
  return ['http:', 'https:'].includes(protocol) && search + hash + username === '';
}

function isBetween(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
}

function wholeSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / SECOND_MS);
}
