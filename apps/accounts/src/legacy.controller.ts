import { Controller, Get, Req, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { User } from './users/user.entity.js';

/** As it stood when this application lived on passport: `AuthGuard('jwt')` goes on, on top of nestjs-latchkey. */
@UseGuards(AuthGuard('jwt'))
@Controller('legacy')
export class LegacyController {
  @Get('me')
  me(@Req() request: { readonly user: User }) {
    return { username: request.user.username };
  }
}
