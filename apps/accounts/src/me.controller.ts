import { Controller, Get, UseGuards } from '@nestjs/common';
import { CurrentPrincipal, JwtAuthGuard, type Principal } from 'nestjs-latchkey';

@UseGuards(JwtAuthGuard)
@Controller('me')
export class MeController {
  @Get()
  me(@CurrentPrincipal() { subject, user, scheme, scopes, roles }: Principal) {
    return { subject: subject.id, username: user?.username, scheme, scopes, roles };
  }
}
