// Owns the way into the session of express-session and @fastify/session. Callbacks are what the two have in common.
import { Logger } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { AuthError } from '../../core/errors.js';
import { HostSession, type SessionRecord } from '../../core/browser/session.js';

/** What we hold in a session, under a name that no application takes by chance. */
const OURS = 'nestjs-latchkey';

type Done = (error?: unknown) => void;

/** A session of either host. */
interface FrameworkSession {
  [OURS]?: unknown;
  regenerate(done: Done): void;
  save(done: Done): void;
  destroy(done: Done): void;
}

interface RequestWithSession {
  session?: FrameworkSession | null;
}

/** The host session of Express and Fastify applications. */
export class FrameworkHostSession extends HostSession {
  private readonly logger = new Logger('AuthModule');
  private complained = false;

  constructor(private readonly adapters: HttpAdapterHost) {
    super();
  }

  override read(request: unknown): unknown {
    const { session } = requestOf(request);
    if (session === undefined) throw this.noSession();
    return session?.[OURS];
  }

  /**
   * Regenerate, assign, and save on Express alone: on Fastify an explicit save sends the cookie twice, once to delete it.
   * A session that could not be started is taken off the request, so that no answer sets its cookie.
   */
  override async start(request: unknown, record: SessionRecord): Promise<void> {
    const owner = requestOf(request);
    try {
      await this.called(owner, (session, done) => session.regenerate(done));
      this.sessionOf(owner)[OURS] = record;
      if (this.adapters.httpAdapter.getType() === 'express')
        await this.called(owner, (session, done) => session.save(done));
    } catch (error) {
      owner.session = null;
      throw error;
    }
  }

  override async destroy(request: unknown): Promise<void> {
    const owner = requestOf(request);
    if (owner.session === undefined || owner.session === null) return;
    await this.called(owner, (session, done) => session.destroy(done));
  }

  private async called(
    owner: RequestWithSession,
    work: (session: FrameworkSession, done: Done) => void,
  ): Promise<void> {
    const session = this.sessionOf(owner);
    await new Promise<void>((resolve, reject) => {
      work(session, (error) => (error === undefined || error === null ? resolve() : reject(asError(error))));
    });
  }

  private sessionOf({ session }: RequestWithSession): FrameworkSession {
    if (session === undefined || session === null) throw this.noSession();
    return session;
  }

  /** Express-session leaves the request without one while its store is away; so does an application that never registered it. */
  private noSession(): AuthError {
    if (!this.complained) this.logger.error(NO_SESSION);
    this.complained = true;
    return new AuthError('store_unavailable', { cause: new Error(NO_SESSION) });
  }
}

const NO_SESSION =
  'A request has no session: register express-session or @fastify/session before the application listens, or its store is down.';

function requestOf(request: unknown): RequestWithSession {
  // The request of either framework; `session` is what its middleware put there.
  return typeof request === 'object' && request !== null ? (request as RequestWithSession) : {};
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('The session store failed.');
}
