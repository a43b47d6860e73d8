// The way into the session of express-session and @fastify/session. Callbacks are what the two have in common. What stands in their
// place is looked at before it is used: most session packages have no new id to give.
import { Logger } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { AuthError } from '../../core/base/errors.js';
import { HostSession, type SessionRecord } from '../../core/browser/session.js';
import { withTimeout } from '../../core/base/timeout.js';
import { hasSessionMiddleware, WHAT_FITS } from './session-packages.js';

/** What we hold in a session, under a name that no application takes by chance. */
const OURS = 'nestjs-latchkey';

/** A session store that takes longer does not answer. A sign-in waits for two calls. */
const CALL_TIMEOUT_MS = 2_000;

type Done = (error?: unknown) => void;
type Method = 'regenerate' | 'save' | 'destroy';

/** A session of either host. */
interface FrameworkSession extends Record<Method, (done: Done) => void> {
  [member: `${typeof OURS}${string}`]: unknown;
}

interface RequestWithSession {
  session?: FrameworkSession | null;
}

/** The host session of Express and Fastify applications. */
export class FrameworkHostSession extends HostSession {
  private readonly logger = new Logger('AuthModule');
  private readonly logged = new Set<string>();
  private seen = false;

  private readonly member: `${typeof OURS}${string}`;

  /** @param configuration whose sign-ins it holds, if an application has several configurations */
  constructor(
    private readonly adapters: HttpAdapterHost,
    configuration?: string | undefined,
  ) {
    super();
    this.member = configuration === undefined ? OURS : `${OURS}:${configuration}`;
  }

  override read(request: unknown): unknown {
    const owner = requestOf(request);
    return owner.session === null ? undefined : this.sessionOf(owner)[this.member];
  }

  /**
   * Regenerate, assign, and save on Express alone: on Fastify an explicit save sends the cookie twice, once to delete it.
   * A session that could not be started is taken off the request, so that no answer sets its cookie.
   */
  override async start(request: unknown, record: SessionRecord): Promise<void> {
    const owner = requestOf(request);
    try {
      await this.call('regenerate', this.sessionOf(owner));
      const session = this.sessionOf(owner);
      session[this.member] = record;
      if (this.isExpress) await this.call('save', session);
    } catch (error) {
      owner.session = null;
      throw error;
    }
  }

  override async destroy(request: unknown): Promise<void> {
    const owner = requestOf(request);
    if (owner.session === undefined || owner.session === null) return;
    await this.call('destroy', this.sessionOf(owner));
  }

  private async call(method: Method, session: FrameworkSession): Promise<void> {
    let isAnswered = false;
    const work = new Promise<void>((resolve, reject) => {
      session[method]((error) => {
        isAnswered = true;
        if (error === undefined || error === null) resolve();
        else reject(asError(error));
      });
    });
    try {
      await withTimeout(CALL_TIMEOUT_MS, () => work);
    } catch (error) {
      if (!isAnswered) this.complain(`session.${method}() did not answer within ${CALL_TIMEOUT_MS} ms: ${WHAT_FITS}`);
      throw error;
    }
  }

  private sessionOf({ session }: RequestWithSession): FrameworkSession {
    if (session === undefined || session === null) throw this.noSession(session);
    const missing = this.needed.filter((method) => typeof session[method] !== 'function');
    if (missing.length > 0) {
      throw this.mistake(`The sessions of this application have no ${missing.join('(), ')}(): ${WHAT_FITS}`);
    }
    this.seen = true;
    return session;
  }

  /** `save` is called on Express alone. */
  private get needed(): readonly Method[] {
    return this.isExpress ? ['regenerate', 'save', 'destroy'] : ['regenerate', 'destroy'];
  }

  private get isExpress(): boolean {
    return this.adapters.httpAdapter.getType() === 'express';
  }

  /**
   * Express-session leaves the request without one while its store is away, which passes; so does an application that never registered
   * it, which does not.
   */
  private noSession(session: null | undefined): AuthError {
    if (session === null || !(this.seen || hasSessionMiddleware(this.adapters.httpAdapter)))
      return this.mistake(NO_SESSION);
    this.complain(STORE_AWAY);
    return new AuthError('store_unavailable', { cause: new Error(STORE_AWAY) });
  }

  private mistake(sentence: string): AuthError {
    this.complain(sentence);
    return new AuthError('misconfigured', { cause: new TypeError(sentence) });
  }

  /** Once each: a log that says the same at every request is not read. */
  private complain(sentence: string): void {
    if (!this.logged.has(sentence)) this.logger.error(sentence);
    this.logged.add(sentence);
  }
}

const NO_SESSION = `A request has no session, and the option \`session\` needs one on every route that uses it: ${WHAT_FITS}. Check the path of its cookie too.`;
const STORE_AWAY =
  'A request has no session: the session store is down, or the cookie of the session has another path.';

function requestOf(request: unknown): RequestWithSession {
  // The request of either framework; `session` is what its middleware put there.
  return typeof request === 'object' && request !== null ? (request as RequestWithSession) : {};
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('The session store failed.');
}
