// The life of the issuers in `trust` within an application: made at boot, asked for their keys at boot only where the
// options say so, and let go at the end.
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '../../core/base/clock.js';
import { AuthConfigurationError } from '../../core/base/errors.js';
import { type ForeignIssuer, trustedIssuer } from '../../core/issuers/trust.js';
import { externalLimits } from '../../core/base/limits.js';
import type { AuthSettings } from '../options/settings.js';

/** Whom this application trusts besides itself. */
@Injectable()
export class ExternalIssuers implements OnModuleInit, OnModuleDestroy {
  private constructor(readonly issuers: readonly ForeignIssuer[]) {}

  /** @throws {AuthConfigurationError} with everything that is wrong with any of their keys */
  static async open(settings: AuthSettings, clock: Clock): Promise<ExternalIssuers> {
    const { toleranceSeconds } = settings;
    const around = { clock, toleranceSeconds, limits: { ...externalLimits, ...settings.limits } };
    return new ExternalIssuers(await allOf(settings.trust.map((options) => trustedIssuer(options, around))));
  }

  async onModuleInit(): Promise<void> {
    await allOf(this.issuers.map((issuer) => issuer.open()));
  }

  onModuleDestroy(): void {
    for (const issuer of this.issuers) issuer.close();
  }
}

/** Waits for all, so that every problem is told at once. */
async function allOf<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  const outcomes = await Promise.allSettled(work);
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
  const problems = failures.flatMap((failure) => (failure instanceof AuthConfigurationError ? failure.problems : []));
  if (problems.length > 0) throw new AuthConfigurationError(problems);
  return Promise.all(work);
}
