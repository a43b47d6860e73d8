// Work in parallel that reports every configuration problem, and not only the first.
import { AuthConfigurationError } from './errors.js';

/**
 * Waits for all, and resolves what they resolve.
 * @throws {AuthConfigurationError} with the problems of all that reject with one; without any, what the first rejects with
 */
export async function completeAll<const Work extends readonly unknown[]>(
  work: Work,
): Promise<{ -readonly [Index in keyof Work]: Awaited<Work[Index]> }> {
  const outcomes = await Promise.allSettled(work);
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
  const problems = failures.flatMap((failure) => (failure instanceof AuthConfigurationError ? failure.problems : []));
  if (problems.length > 0) throw new AuthConfigurationError(problems);
  return Promise.all(work);
}
