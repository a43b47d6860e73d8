import { Body, Controller, Get, HttpCode, Post, UseGuards, ValidationPipe } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsString, MaxLength } from 'class-validator';
import { CurrentPrincipal, CurrentUser, SessionOrJwtGuard, TokenService, type Principal } from 'nestjs-latchkey';
import type { Repository } from 'typeorm';
import { User } from './users/user.entity.js';

class MottoBody {
  @IsString()
  @MaxLength(255)
  readonly motto!: string;
}

/** The user's own account, for every kind of sign-in. */
@UseGuards(SessionOrJwtGuard)
@Controller('account')
export class AccountController {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly tokens: TokenService,
  ) {}

  @Get()
  account(@CurrentUser() { username, motto }: User, @CurrentPrincipal() { scheme }: Principal) {
    return { username, motto, scheme };
  }

  @Post('motto')
  @HttpCode(200)
  async change(
    @CurrentUser() { id, username }: User,
    @CurrentPrincipal() { scheme }: Principal,
    @Body(new ValidationPipe({ whitelist: true })) { motto }: MottoBody,
  ) {
    await this.users.update({ id }, { motto });
    return { username, motto, scheme };
  }

  /** A client token without scopes that expires after a second: the page uses it to show an expired token. */
  @Post('short-lived')
  @HttpCode(200)
  async shortLived() {
    const { accessToken, expiresIn } = await this.tokens.issueForClient('expiry-demonstration', { accessTtl: 1 });
    return { token: accessToken, expires_in: expiresIn };
  }
}
