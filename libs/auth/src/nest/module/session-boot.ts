// The look at the session middleware when the application starts: only then is all of it registered.
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AuthConfigurationError } from '../../core/base/errors.js';
import { HostSession } from '../../core/browser/session.js';
import type { AuthSettings } from '../options/settings.js';
import { AUTH_SETTINGS } from '../options/injection-tokens.js';
import { FrameworkHostSession } from '../browser/host-session.js';
import { misfitOf, WHAT_FITS, type Adapter } from '../browser/session-packages.js';

/** Refuses to start with sessions that cannot hold a sign-in. */
@Injectable()
export class SessionBoot implements OnApplicationBootstrap {
  @Inject(AUTH_SETTINGS) private readonly settings!: AuthSettings;
  @Inject(HostSession) private readonly host!: HostSession;
  @Inject(HttpAdapterHost) private readonly adapters!: HttpAdapterHost;

  /** @throws {AuthConfigurationError} where it is seen that no session can come of it */
  onApplicationBootstrap(): void {
    const { httpAdapter } = this.adapters as { readonly httpAdapter: Adapter | undefined };
    if (!this.settings.session.enabled || httpAdapter === undefined || httpAdapter === null) return;
    // An application may bring a host of its own, with whatever sessions it likes.
    if (!(this.host instanceof FrameworkHostSession)) return;
    const found = misfitOf(httpAdapter);
    if (found !== undefined) throw new AuthConfigurationError([`session is set, but ${found}: ${WHAT_FITS}`]);
  }
}
