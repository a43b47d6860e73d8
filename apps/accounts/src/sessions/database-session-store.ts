import { createHash } from 'node:crypto';
import { callbackify } from 'node:util';
import { Store, type SessionData } from 'express-session';
import { LessThan, type DataSource, type Repository } from 'typeorm';
import { SessionRow } from './session-row.entity.js';

type Done = (error?: unknown) => void;
type Found = (error: unknown, session?: SessionData | null) => void;

const ignore: Done = () => {};

/** Express-session and @fastify/session both keep their sessions here; they survive a restart and are shared by all processes. */
export class DatabaseSessionStore extends Store {
  private readonly rows: Repository<SessionRow>;

  /** @param lifeSeconds how long a session is kept; the sign-in inside has an end of its own */
  constructor(
    dataSource: DataSource,
    private readonly lifeSeconds: number,
  ) {
    super();
    this.rows = dataSource.getRepository(SessionRow);
  }

  override get(id: string, found: Found): void {
    callbackify(() => this.read(id))(found);
  }

  override set(id: string, session: SessionData, done: Done = ignore): void {
    callbackify(() => this.write(id, session))(done);
  }

  override destroy(id: string, done: Done = ignore): void {
    callbackify(() => this.rows.delete({ digest: digestOf(id) }))((error) => done(error));
  }

  private async read(id: string): Promise<SessionData | null> {
    const row = await this.rows.findOneBy({ digest: digestOf(id) });
    // Only `write` below makes these rows.
    return row === null || row.expiresAt <= nowSeconds() ? null : (JSON.parse(row.content) as SessionData);
  }

  private async write(id: string, session: SessionData): Promise<void> {
    const expiresAt = nowSeconds() + this.lifeSeconds;
    await this.rows.upsert({ digest: digestOf(id), content: JSON.stringify(session), expiresAt }, ['digest']);
    await this.rows.delete({ expiresAt: LessThan(nowSeconds()) });
  }
}

function digestOf(id: string): string {
  return createHash('sha256').update(id).digest('hex');
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
