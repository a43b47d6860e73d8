// The routes on which the testing door is tested: guarded, for clients, public and optional.
import { Controller, Get, UseGuards } from '@nestjs/common';
import {
  AllowClients,
  AllowRestrictedClients,
  CurrentPrincipal,
  CurrentUser,
  JwtAuthGuard,
  OptionalAuth,
  Public,
  type Principal,
} from 'nestjs-latchkey';

@UseGuards(JwtAuthGuard)
@Controller()
export class RoutesController {
  @Get('me') me(@CurrentPrincipal() auth: Principal) {
    return { id: auth.subject.id, scopes: auth.scopes, kind: auth.kind };
  }
  @AllowClients() @AllowRestrictedClients() @Get('machines') machines(@CurrentPrincipal() auth: Principal) {
    return { id: auth.subject.id, kind: auth.kind, restricted: auth.restricted };
  }
  @Public() @Get('open') open() {
    return { ok: true };
  }
  @OptionalAuth() @Get('hello') hello(@CurrentUser('id') id: string | undefined) {
    return { hello: id ?? 'stranger' };
  }
}

export const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
