// The `basic` scheme: a user name and a password with every request (RFC 7617). A browser keeps them and sends them by itself, so what may
// come from one is under CSRF rules.
import { AuthError } from '../base/errors.js';
import type { Clock } from '../base/clock.js';
import { memberIn } from '../base/members.js';
import { NO_NOTICES, type OperatorNotices } from '../base/operator-notices.js';
import type { AuthRequest } from '../base/request.js';
import type { Verified } from '../base/principal.js';
import { defineScheme, headerFinder, type Scheme } from '../schemes/schemes.js';
import type { IdentifiedUser, SignInService } from '../sign-in/sign-in-service.js';
import type { AccountResolver } from '../users/accounts.js';
import { factsOf } from '../users/sign-in-answers.js';
import { stampDigest, type SignInCredentials } from '../users/users.js';
import type { CsrfService } from './csrf.js';

/** What the scheme is made from. */
export interface BasicSchemeParts {
  readonly issuer: string;
  readonly clock: Clock;
  readonly signIn: Pick<SignInService, 'identifyAtOnce'>;
  readonly users: AccountResolver;
  readonly csrf: Pick<CsrfService, 'enforceForAnyone'>;
  /** False if browsers must not ask for a password. */
  readonly isChallenged: boolean;
  /** @defaultValue none */
  readonly notices?: OperatorNotices | undefined;
}

/** The scheme that checks a user name and a password at every request. A wrong password is final. */
export function basicScheme(parts: BasicSchemeParts): Scheme {
  const { csrf, isChallenged, notices = NO_NOTICES } = parts;
  const notePlain = plainNotes(notices);
  return defineScheme<string>({
    name: 'basic',
    sentBy: 'either',
    ...(isChallenged ? { challenge: 'Basic' } : undefined),
    find: headerFinder({ name: 'authorization', schemes: ['Basic'] }),
    isSentByBrowser: (_, request) => mayBeOfBrowser(request),
    // There was no sign-in, so that a token of a page can be bound to nothing but its cookie.
    csrf: (request) => csrf.enforceForAnyone(request),
    verify: async (text, request) => {
      notePlain(request.raw);
      const identified = await parts.signIn.identifyAtOnce(credentialsOf(text), factsOf(request));
      return verifiedOf(identified, parts);
    },
  });
}

/** Every request proves the user again, so that it is younger than any cut-off of the blocklist. */
function verifiedOf({ user, acr, amr }: IdentifiedUser, { issuer, clock, users }: BasicSchemeParts): Verified {
  const { source } = users;
  if (source === undefined) throw new TypeError('Basic needs a user source: give AuthModule `users`.');
  const { id, stamp } = users.checkedDescription(source, user);
  const subject = Object.freeze({ issuer, id });
  const now = clock.nowSeconds();
  return {
    subject,
    kind: 'user',
    claims: NO_CLAIMS,
    own: true,
    issuedAt: now,
    authTime: now,
    acr,
    amr,
    stamp: stamp === undefined ? undefined : stampDigest(subject, stamp),
    user,
  };
}

const NO_CLAIMS: Verified['claims'] = Object.freeze({});

/** More than any user name and password that a sign-in accepts. */
const MAX_TEXT = 8192;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * User name and password in UTF-8, separated by the first colon (RFC 7617 §2). Nothing is decoded twice: a percent sign is one.
 * @throws {AuthError} `malformed_header` for anything else
 */
export function credentialsOf(text: string): SignInCredentials {
  const decoded = decode(text);
  const colon = decoded?.indexOf(':') ?? -1;
  // Control characters are not allowed in either (RFC 7617 §2).
  if (decoded === undefined || colon < 1 || /\p{Cc}/u.test(decoded)) throw new AuthError('malformed_header');
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

function decode(text: string): string | undefined {
  if (text.length > MAX_TEXT || !BASE64.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) return undefined;
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** What browsers add to a request: code that sends a password by its own doing adds none of it. */
const OF_BROWSERS = ['cookie', 'origin', 'sec-fetch-site', 'referer'];

function mayBeOfBrowser(request: AuthRequest): boolean {
  return OF_BROWSERS.some((name) => request.headerLines(name).length > 0);
}

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;

/** Says once that a password came without TLS, as far as the framework knows. */
function plainNotes({ warn }: OperatorNotices): (raw: unknown) => void {
  let isTold = false;
  return (raw) => {
    const [protocol, address] = [memberIn(raw, 'protocol'), memberIn(raw, 'ip')];
    if (isTold || protocol !== 'http' || (typeof address === 'string' && LOOPBACK.test(address))) return;
    isTold = true;
    warn(WITHOUT_TLS);
  };
}

const WITHOUT_TLS =
  'A password of the scheme `basic` came over a connection without TLS: every machine between can read it. Serve https alone; behind a ' +
  'proxy that does, tell the framework to trust it (`trust proxy` of Express, `trustProxy` of Fastify).';
