// The probed application with cookies and sessions, and a browser that is signed in by cookie.
import { cookieController, csrfController, sessionController, tokenController } from 'nestjs-latchkey/controllers';
import type { AdapterName } from './applications.js';
import { registerSessions } from './browser-app.js';
import { CookieJar } from './cookie-jar.js';
import { PASSWORD, startRecordingApp, type RecordingApp, type RecordingAppOptions } from './recording-app.js';

export const ACCESS = '__Host-access';
export const REFRESH = '__Secure-refresh';
export const CSRF = '__Host-csrf';

export interface RecordingBrowserOptions extends RecordingAppOptions {
  /** The store of the sessions. @defaultValue the framework's own, in memory */
  readonly sessionStore?: unknown;
}

export function startRecordingBrowserApp(
  adapter: AdapterName,
  { structure, configure, sessionStore, ...options }: RecordingBrowserOptions = {},
): Promise<RecordingApp> {
  return startRecordingApp(adapter, {
    cookies: {},
    session: {},
    ...options,
    structure: {
      controllers: [tokenController(), cookieController(), csrfController(), sessionController()],
      ...structure,
    },
    configure: async (app) => {
      await registerSessions(app, adapter, sessionStore);
      await configure?.(app);
    },
  });
}

/** A browser in which that user signed in by cookie. */
export async function signedInBrowser(app: RecordingApp, username = 'ada'): Promise<CookieJar> {
  const jar = new CookieJar(app);
  const answer = await jar.post('/auth/cookie/login', { username, password: PASSWORD });
  if (answer.status !== 204) throw new Error(`Signing in answered ${answer.status}.`);
  return jar;
}
