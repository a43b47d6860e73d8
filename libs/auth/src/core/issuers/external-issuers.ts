// The issuers in `trust` from the start of an application to its end: their keys are fetched at the start only if the options say so.
import { completeAll } from '../base/complete-all.js';
import { externalIssuer, type ExternalIssuer, type TrustContext } from './external-issuer.js';
import type { TrustOptions } from './trust-options.js';

/** Whom this application trusts besides itself. */
export class ExternalIssuers {
  private constructor(readonly issuers: readonly ExternalIssuer[]) {}

  /**
   * Makes them of what the options say. Nothing is fetched.
   * @throws {AuthConfigurationError} with everything that is wrong with any of their keys
   */
  static async of(trust: readonly TrustOptions[], context: TrustContext): Promise<ExternalIssuers> {
    return new ExternalIssuers(await completeAll(trust.map((options) => externalIssuer(options, context))));
  }

  /** Fetches the keys if the options ask for it. @throws {AuthConfigurationError} if the application must not start without */
  async open(): Promise<void> {
    await completeAll(this.issuers.map((issuer) => issuer.open()));
  }

  /** Ends what is under way. */
  close(): void {
    for (const issuer of this.issuers) issuer.close();
  }
}
