import { Controller, Get, Header, UseGuards } from '@nestjs/common';
import { CurrentPrincipal, OptionalAuth, SessionOrJwtGuard, type Principal } from 'nestjs-latchkey';

/** What the credential of a request is to the server. Anonymous callers are answered too, so a page may ask before there is a sign-in. */
@OptionalAuth()
@UseGuards(SessionOrJwtGuard)
@Controller('credential')
export class CredentialController {
  @Get()
  @Header('Cache-Control', 'no-store')
  describe(@CurrentPrincipal() principal: Principal | undefined) {
    const serverTime = new Date();
    if (principal?.user === undefined) return { signedIn: false, serverTime };
    const { user, subject, scheme, roles, claims, sid, jti, authTime, expiresAt } = principal;
    const { username, motto } = user;
    return {
      signedIn: true,
      serverTime,
      subject: subject.id,
      username,
      motto,
      scheme,
      roles,
      claims,
      sid,
      jti,
      authTime,
      expiresAt,
    };
  }
}
