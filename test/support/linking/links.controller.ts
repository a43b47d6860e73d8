import { ConflictException, Controller, Get, HttpCode, Post, Redirect, Req, Res, UseGuards } from '@nestjs/common';
import { AuthGuardFor, CurrentPrincipal, RequireAuth, type Principal } from 'nestjs-latchkey';
import { ExternalSignInService } from 'nestjs-latchkey/browser';
import { ExternalLinks } from './external-links.js';
import { IdentityProvider } from './identity-provider.js';

/** Its own name for each login: the login that began is the one that completes, and no sign-in completes a link. */
const providerFor = ({ sid = '' }: Principal) => `link.elsewhere.${sid}`;

@UseGuards(AuthGuardFor('cookie', 'session'))
@Controller('account/links/elsewhere')
export class LinksController {
  constructor(
    private readonly signIns: ExternalSignInService,
    private readonly links: ExternalLinks,
    private readonly provider: IdentityProvider,
  ) {}

  /** With POST, so that the guard demands the CSRF token: no other site begins it. The page goes to `url`. */
  @RequireAuth({ maxAge: '10m' })
  @Post()
  @HttpCode(200)
  async begin(
    @CurrentPrincipal() principal: Principal,
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ) {
    const provider = providerFor(principal);
    const begun = this.signIns.begin({ request, response, provider, returnTo: '/account' });
    return { url: await this.signIns.exchange(() => this.provider.authorizationUrl(begun)) };
  }

  @Get('callback')
  @Redirect()
  async callback(
    @CurrentPrincipal() principal: Principal,
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ) {
    const begun = await this.signIns.resume({ request, response, provider: providerFor(principal) });
    const { iss, sub } = await this.signIns.exchange(() => this.provider.claims(begun));
    const isTheirs = await this.links.add({ issuer: iss, id: sub }, principal.subject.id);
    if (!isTheirs) throw new ConflictException('That account belongs to another user.');
    return { url: begun.returnTo };
  }
}
