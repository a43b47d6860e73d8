// The notice of CORS that lets every site read the answers to its visitors. The framework keeps the options to itself, so
// they are looked at on their way there.
import { Inject, Injectable, Logger } from '@nestjs/common';
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { inConfiguration, structuresIn } from '../configurations/configurations.js';
import type { AuthSettings } from '../options/settings.js';
import { AUTH_SETTINGS } from '../options/injection-tokens.js';

/** An origin that no site can have (RFC 2606 §2). */
const UNKNOWN_ORIGIN = 'https://cors-probe.invalid';

type Adapter = HttpAdapterHost['httpAdapter'];
type Callback = (error: unknown, answer?: unknown) => void;

/** Looks at what `app.enableCors()` and the option `cors` of `NestFactory.create()` are given. */
@Injectable()
export class CorsWatch {
  private readonly logger = new Logger('AuthModule');
  private isTold = false;

  constructor(
    @Inject(HttpAdapterHost) host: HttpAdapterHost,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
  ) {
    // In a testing module the adapter comes after the providers, which versions of Nest without `init$` do not tell.
    const { httpAdapter, init$ } = host as Partial<Pick<HttpAdapterHost, 'httpAdapter' | 'init$'>>;
    if (httpAdapter) this.watch(httpAdapter);
    else init$?.subscribe(() => this.watch(host.httpAdapter));
  }

  /** An application context has no adapter, and says so by `null`. */
  private watch(adapter: Adapter | null | undefined): void {
    if (!adapter) return;
    const enable = adapter.enableCors.bind(adapter);
    adapter.enableCors = (...given: Parameters<Adapter['enableCors']>) => {
      if (this.sendsCookies) whenOpenToAll(given[0], () => this.warn());
      return enable(...given);
    };
  }

  private get sendsCookies(): boolean {
    return structuresIn(this.modules).some(({ name }) => {
      const settings = inConfiguration<AuthSettings>(this.modules, name, AUTH_SETTINGS);
      return settings !== undefined && (settings.cookies !== undefined || settings.session.enabled);
    });
  }

  private warn(): void {
    if (!this.isTold) this.logger.warn(OPEN_TO_ALL);
    this.isTold = true;
  }
}

const OPEN_TO_ALL =
  'CORS answers any origin with credentials while cookies are on: every site can read what this application answers to its ' +
  "visitors. Name the origins: app.enableCors({ origin: ['https://app.example.com'], credentials: true }).";

/** Calls back if CORS options let pages of any site send cookies and read the answer. A function of the application is asked once. */
function whenOpenToAll(options: unknown, found: () => void): void {
  if (typeof options === 'function') {
    // A delegate: it is asked for the options of a request.
    return ask(options, { method: 'GET', url: '/', headers: { origin: UNKNOWN_ORIGIN } }, (each) =>
      whenOpenToAll(each, found),
    );
  }
  if (typeof options !== 'object' || options === null) return;
  const { origin, credentials } = options as { readonly origin?: unknown; readonly credentials?: unknown };
  if (credentials !== true) return;
  if (typeof origin === 'function') ask(origin, UNKNOWN_ORIGIN, (answer) => admits(answer) && found());
  else if (admits(origin)) found();
}

/** `*` is not among them: browsers send no cookies then (Fetch §3.2.5). */
function admits(origin: unknown): boolean {
  if (Array.isArray(origin)) return origin.some(admits);
  return origin === true || origin === UNKNOWN_ORIGIN || (origin instanceof RegExp && matches(origin));
}

/** A copy, because an expression with the flag `g` remembers where it stopped. */
function matches({ source, flags }: RegExp): boolean {
  return new RegExp(source, flags).test(UNKNOWN_ORIGIN);
}

/** Options of both frameworks answer by a callback. What the application throws is its own business. */
function ask(options: Function, about: unknown, answered: (answer: unknown) => void): void {
  const callback: Callback = (error, answer) => {
    if (error === null || error === undefined) answered(answer);
  };
  try {
    options(about, callback);
  } catch {
    // It refused in its own way, or needs a real request: the result is unknown.
  }
}
