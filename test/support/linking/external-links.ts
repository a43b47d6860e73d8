import type { AuthUser, Subject } from 'nestjs-latchkey';

/** One row for each account at a provider, with a unique key over issuer and subject, which are compared with case. */
export abstract class ExternalLinks {
  /** The user whose account that is, active or not; `null` if there is none. */
  abstract userOf(account: Subject): Promise<AuthUser | null>;

  /** Adds a row, by one INSERT: of many calls for one account the unique key lets one through. False if it is that of another user. */
  abstract add(account: Subject, userId: string): Promise<boolean>;
}
