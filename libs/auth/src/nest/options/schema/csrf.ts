// CSRF protection of what a browser sends by itself: what can be asked of it.
import { group } from '../../../core/base/option-group.js';
import { flag, text, texts } from '../../../core/base/option-kinds.js';
import { originOf } from '../../../core/browser/csrf.js';
import { secretProblem } from '../../../core/keys/secret-strength.js';
import { HTTP_TOKEN } from './http-token.js';

/** CSRF protection of what a browser sends by itself. Always on with cookies or sessions. */
export interface CsrfOptions {
  /**
   * Origins besides the issuer's that may send unsafe requests: `https://app.example.com`, `capacitor://localhost`,
   * `chrome-extension://<id>`. Compared as text: scheme, host and port. @defaultValue []
   */
  readonly trustedOrigins?: readonly string[];
  /** The header that carries the CSRF token. @defaultValue 'x-csrf-token' */
  readonly headerName?: string;
  /** At least 32 bytes, the same in every process. @defaultValue derived from the signing keys */
  readonly secret?: string;
  /** Disables CSRF protection. For tests only. @defaultValue false */
  readonly dangerouslyDisable?: boolean;
}

const SECRET_BYTES = 32;

export const csrf = group<CsrfOptions>()({
  summary: 'CSRF protection, which is always on for cookies and sessions',
  accepts: 'an object with options; only csrf.dangerouslyDisable switches the protection off',
  refused: false,
  options: {
    trustedOrigins: texts({
      entry: "an origin like 'https://app.example.com' or 'capacitor://localhost'",
      holds: isOrigin,
      refused: 'app.example.com',
      default: [],
      summary: "origins besides the issuer's that may send unsafe requests: scheme, host and port, compared as text",
    }),
    headerName: text({
      accepts: 'a header name',
      check: HTTP_TOKEN,
      refused: 'x y',
      default: 'x-csrf-token',
      summary: 'the header that carries the CSRF token',
    }),
    secret: text({
      accepts: `at least ${SECRET_BYTES} random bytes`,
      check: weaknessOf,
      refused: 'secret'.repeat(6),
      shows: 'nothing',
      otherwise: 'derived from the signing keys',
      summary: `at least ${SECRET_BYTES} bytes, the same in every process`,
    }),
    dangerouslyDisable: flag({
      default: false,
      summary: 'disables CSRF protection; for tests only',
      warns: (given) => given && 'is on: any site can act for its visitors.',
    }),
  },
  settings: ({ trustedOrigins, headerName, secret, dangerouslyDisable }) => ({
    trustedOrigins,
    headerName: headerName.toLowerCase(),
    /** `undefined` asks for one that is derived from the signing keys. */
    secret,
    disabled: dangerouslyDisable,
  }),
});

function weaknessOf(secret: string): string | undefined {
  if (Buffer.byteLength(secret) < SECRET_BYTES)
    return `is too short; accepted are at least ${SECRET_BYTES} random bytes`;
  return secretProblem(secret, { bytes: SECRET_BYTES, purpose: 'it' });
}

/**
 * An origin as a browser sends it: scheme, host and port, in lower case, and nothing behind. Pages of apps and extensions have one too
 * (`capacitor://localhost`, `chrome-extension://…`); pages without a host, of files and data, have none.
 */
function isOrigin(text: string): boolean {
  if (!URL.canParse(text) || NO_PAGES.test(text)) return false;
  return originOf(new URL(text)) === text && /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@\\]+$/.test(text);
}

/** Schemes whose documents are whatever their maker wants, or which never send an origin. */
const NO_PAGES = /^(?:file|data|blob|javascript|about|view-source|filesystem):/i;
