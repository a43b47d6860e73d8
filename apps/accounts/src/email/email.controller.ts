import { Body, Controller, Get, HttpCode, Post, UseGuards, ValidationPipe } from '@nestjs/common';
import { IsEmail, IsString, MaxLength } from 'class-validator';
import { CurrentUser, Public, RequireAuth, SessionOrJwtGuard } from 'nestjs-latchkey';
import type { User } from '../users/user.entity.js';
import { EmailService } from './email.service.js';

class AddressBody {
  @IsEmail()
  @MaxLength(254)
  readonly email!: string;
}

class ConfirmationBody {
  @IsString()
  @MaxLength(4_096)
  readonly token!: string;
}

const pipe = new ValidationPipe({ whitelist: true });

/** The address of the user: asked for here, and confirmed by the link that is mailed to it. */
@UseGuards(SessionOrJwtGuard)
@Controller('account/email')
export class EmailController {
  constructor(private readonly emails: EmailService) {}

  @Get()
  email(@CurrentUser() { email }: User) {
    return { email };
  }

  /** A stolen session that is old cannot move an account to another mailbox. */
  @RequireAuth({ maxAge: '10m' })
  @Post()
  @HttpCode(202)
  async ask(@CurrentUser() user: User, @Body(pipe) { email }: AddressBody) {
    await this.emails.ask(user, email);
    return { message: 'A mail is on its way to that address.' };
  }

  /** A reader of the mailbox confirms it, in any browser. */
  @Public()
  @Post('confirm')
  @HttpCode(204)
  confirm(@Body(pipe) { token }: ConfirmationBody): Promise<void> {
    return this.emails.confirm(token);
  }
}
