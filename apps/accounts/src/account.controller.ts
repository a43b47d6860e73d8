import { Body, Controller, Get, HttpCode, Post, UseGuards, ValidationPipe } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsString, MaxLength } from 'class-validator';
import { CurrentPrincipal, CurrentUser, SessionOrJwtGuard, type Principal } from 'nestjs-latchkey';
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
  constructor(@InjectRepository(User) private readonly users: Repository<User>) {}

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
}
