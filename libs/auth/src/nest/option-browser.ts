// Owns the judgement of the option groups that exist for browsers: `cookies`, `csrf` and `session`.
import type { CookieOptions, CsrfOptions, SessionOptions } from './auth.options.js';
import { shown, type Problems } from './problems.js';
import type { AuthSettings } from './settings.js';

export function cookieSettings(
  cookies: CookieOptions | undefined,
  production: boolean,
  problems: Problems,
): AuthSettings['cookies'] {
  if (cookies === undefined) return undefined;
  const { mode = 'single', sameSite = 'lax', secure = true } = cookies;
  problems.oneOf('cookies.mode', mode, ['single', 'split']);
  problems.oneOf('cookies.sameSite', sameSite, ['strict', 'lax', 'none']);
  problems.unless(secure || !production, 'cookies.secure is false; production sends tokens over https only');
  return cookies;
}

export function csrfSettings(csrf: CsrfOptions, problems: Problems): AuthSettings['csrf'] {
  for (const origin of csrf.trustedOrigins ?? []) {
    problems.unless(
      isOrigin(origin),
      `csrf.trustedOrigins has ${shown(origin)}; accepted is an origin like 'https://app.example.com'`,
    );
  }
  const longEnough = csrf.secret === undefined || Buffer.byteLength(csrf.secret) >= 32;
  problems.unless(longEnough, 'csrf.secret is too short; accepted are at least 32 random bytes');
  return csrf;
}

export function sessionSettings({ mismatch = 'reject' }: SessionOptions, problems: Problems): AuthSettings['session'] {
  problems.oneOf('session.mismatch', mismatch, ['reject', 'prefer-jwt', 'prefer-session']);
  return { mismatch };
}

function isOrigin(text: unknown): boolean {
  return typeof text === 'string' && URL.canParse(text) && new URL(text).origin === text;
}
