// The cookie settings of core tests: single mode, with the defaults of an https issuer.
import type { CookieSettings } from '../../../libs/auth/src/core/browser/cookies.js';

export const cookieSettings: CookieSettings = {
  mode: 'single',
  names: { access: 'access', refresh: 'refresh', csrf: 'csrf' },
  sameSite: 'lax',
  domain: undefined,
  refreshPath: '/auth/cookie',
  secure: true,
  forgiving: true,
  persistent: true,
};
