import { Controller, Get, Query, Redirect, Req, Res } from '@nestjs/common';
import { AuthError, Public } from 'nestjs-latchkey';
import { ExternalSignInService, type ExternalCallback } from 'nestjs-latchkey/browser';
import { deviceLabel } from 'nestjs-latchkey/controllers';
import { challenge, proven } from 'nestjs-latchkey/sign-in';
import { TotpService } from '../users/totp.service.js';
import { ExternalAccounts } from './external-accounts.js';
import { ExternalProvider } from './external-provider.js';

/** What both frameworks call it. */
interface BrowserRequest {
  readonly headers: { readonly 'user-agent'?: string };
}

const provider = 'elsewhere';

/** Signing in at another identity provider. */
@Public()
@Controller('login/elsewhere')
export class ElsewhereController {
  constructor(
    private readonly signIns: ExternalSignInService,
    private readonly provider: ExternalProvider,
    private readonly accounts: ExternalAccounts,
    private readonly totp: TotpService,
  ) {}

  @Get()
  @Redirect()
  async begin(
    @Req() request: BrowserRequest,
    @Res({ passthrough: true }) response: object,
    @Query('next') returnTo?: string,
  ) {
    return this.orToPage(async () => {
      const begun = this.signIns.begin({ request, response, provider, returnTo });
      return this.signIns.exchange(() => this.provider.authorizationUrl(begun));
    });
  }

  @Get('callback')
  @Redirect()
  async callback(@Req() request: BrowserRequest, @Res({ passthrough: true }) response: object) {
    return this.orToPage(async () => {
      const begun = await this.signIns.resume({ request, response, provider });
      await this.signIn(begun, { request, response });
      return begun.returnTo;
    });
  }

  /** Our own second step is asked for here as it is after a password. */
  private async signIn(
    begun: ExternalCallback,
    exchange: { request: BrowserRequest; response: object },
  ): Promise<void> {
    const { iss, sub } = await this.signIns.exchange(() => this.provider.claims(begun));
    const user = await this.accounts.userOf({ issuer: iss, id: sub });
    const isStepNeeded = user !== null && (await this.totp.isNeeded(user));
    const answer = user && (isStepNeeded ? challenge({ kind: 'totp', user }) : proven({ user }));
    const label = deviceLabel(exchange.request.headers['user-agent']);
    await this.signIns.complete(answer, {
      ...exchange,
      as: 'cookies',
      continueAt: '/auth/cookie/continue',
      login: { label },
    });
  }

  /** This answer is seen by a user, so the page says what a refusal means. Behind the #, so that no server and no log sees the continuation. */
  private async orToPage(work: () => Promise<string>): Promise<{ url: string }> {
    try {
      return { url: await work() };
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      const { step, publicCode } = error;
      return { url: step === undefined ? `/#refused=${publicCode}` : `/#continue=${step.continuation}` };
    }
  }
}
