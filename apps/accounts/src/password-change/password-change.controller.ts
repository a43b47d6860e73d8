import { Body, Controller, HttpCode, Post, Req, Res, UseGuards, ValidationPipe } from '@nestjs/common';
import { IsBoolean, IsOptional, IsString, MaxLength } from 'class-validator';
import { CurrentUser, SessionOrJwtGuard } from 'nestjs-latchkey';
import type { User } from '../users/user.entity.js';
import { PasswordChangeService } from './password-change.service.js';

class ChangeBody {
  @IsString()
  @MaxLength(4_096)
  readonly password!: string;

  @IsString()
  @MaxLength(4_096)
  readonly newPassword!: string;

  /** False to be signed out here too. */
  @IsOptional()
  @IsBoolean()
  readonly keep?: boolean;
}

/** A new password for a user who knows the present one. Every other login ends. */
@UseGuards(SessionOrJwtGuard)
@Controller('account/password')
export class PasswordChangeController {
  constructor(private readonly changes: PasswordChangeService) {}

  @Post()
  @HttpCode(200)
  async change(
    @CurrentUser() user: User,
    @Body(new ValidationPipe({ whitelist: true })) { password, newPassword, keep = true }: ChangeBody,
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ) {
    const exchange = keep ? { request, response } : undefined;
    const { kept, tokens } = await this.changes.change(user, { password, newPassword, keep: exchange });
    const { accessToken, refreshToken, expiresIn } = tokens ?? {};
    // Absent where cookies or the session were replaced.
    return { kept, access_token: accessToken, refresh_token: refreshToken, expires_in: expiresIn };
  }
}
