// A browser reduced to cookies: it stores them by name, ignoring the host, and sends them by path, over real HTTP.
import type { RunningApplication } from './applications.js';

export interface StoredCookie {
  readonly value: string;
  readonly path: string;
  /** In lower case, with values: `max-age=900`, `httponly`. */
  readonly attributes: readonly string[];
}

export interface Sending {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Asks for a CSRF token first and sends it. */
  readonly csrf?: boolean;
}

export class CookieJar {
  readonly cookies = new Map<string, StoredCookie>();

  constructor(private readonly application: Pick<RunningApplication, 'fetch'>) {}

  /** The value of a cookie that is kept. */
  value(name: string): string | undefined {
    return this.cookies.get(name)?.value;
  }

  /** Sets a cookie as an attacker would. */
  plant(name: string, value: string, path = '/'): void {
    this.cookies.set(name, { value, path, attributes: [] });
  }

  /** As many cookies as another browser that was given all of these. */
  copy(): CookieJar {
    const other = new CookieJar(this.application);
    for (const [name, cookie] of this.cookies) other.cookies.set(name, cookie);
    return other;
  }

  async send(path: string, { method = 'GET', headers = {}, body, csrf = false }: Sending = {}): Promise<Response> {
    const token: Record<string, string> = csrf ? { 'x-csrf-token': await this.csrfToken() } : {};
    const cookie = this.headerFor(path);
    const answer = await this.application.fetch(path, {
      method,
      headers: {
        ...(cookie === '' ? undefined : { cookie }),
        ...(body === undefined ? undefined : { 'content-type': 'application/json' }),
        ...token,
        ...headers,
      },
      ...(body === undefined ? undefined : { body: JSON.stringify(body) }),
    });
    for (const line of answer.headers.getSetCookie()) this.keep(line);
    return answer;
  }

  post(path: string, body?: unknown, sending: Sending = {}): Promise<Response> {
    return this.send(path, { method: 'POST', csrf: true, ...(body === undefined ? undefined : { body }), ...sending });
  }

  async csrfToken(): Promise<string> {
    const answer = (await (await this.send('/auth/csrf')).json()) as { csrfToken: string };
    return answer.csrfToken;
  }

  /** The Cookie header for a path. */
  headerFor(path: string): string {
    const sent = [...this.cookies].filter(([, cookie]) => fits(path, cookie.path));
    return sent.map(([name, { value }]) => `${name}=${value}`).join('; ');
  }

  private keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const name = pair.slice(0, pair.indexOf('='));
    const lower = attributes.map((attribute) => attribute.toLowerCase());
    const path = attributes.find((attribute) => attribute.toLowerCase().startsWith('path='))?.slice(5) ?? '/';
    const ended = lower.includes('max-age=0') || lower.some((each) => each.startsWith('expires=thu, 01 jan 1970'));
    if (ended) this.cookies.delete(name);
    else this.cookies.set(name, { value: pair.slice(name.length + 1), path, attributes: lower });
  }
}

function fits(path: string, limit: string): boolean {
  return limit === '/' || path === limit || path.startsWith(`${limit}/`);
}
