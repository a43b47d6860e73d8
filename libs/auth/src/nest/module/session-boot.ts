// The look at the session middleware when the application starts: only then is all of it registered.
import type { HttpAdapterHost } from '@nestjs/core';
import { AuthConfigurationError } from '../../core/base/errors.js';
import type { HostSession } from '../../core/browser/session.js';
import { FrameworkHostSession } from '../browser/host-session.js';
import { misfitOf, WHAT_FITS, type Adapter } from '../browser/session-packages.js';

/**
 * Refuses to start with sessions that cannot hold a sign-in.
 * @throws {AuthConfigurationError} if it is seen that no session can come of it
 */
export function checkSessions(host: HostSession, adapters: HttpAdapterHost): void {
  const { httpAdapter } = adapters as { readonly httpAdapter: Adapter | undefined };
  // An application may bring a host of its own, with whatever sessions it likes.
  if (httpAdapter === undefined || httpAdapter === null || !(host instanceof FrameworkHostSession)) return;
  const found = misfitOf(httpAdapter);
  if (found !== undefined) throw new AuthConfigurationError([`session is set, but ${found}: ${WHAT_FITS}`]);
}
