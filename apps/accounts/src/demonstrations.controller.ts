import { Controller, Header, HttpCode, Post, UseGuards } from '@nestjs/common';
import { CurrentUser, SessionOrJwtGuard, TokenService } from 'nestjs-latchkey';
import type { User } from './users/user.entity.js';

/** Neither this service nor the sample that only verifies has this name. */
const OTHER_SERVICE = 'another-service';

/** Tokens that open nothing: the page shows with them why a token is refused. */
@UseGuards(SessionOrJwtGuard)
@Controller('demonstrations')
export class DemonstrationsController {
  constructor(private readonly tokens: TokenService) {}

  /** Of a client, without scopes, and over after a second. */
  @Post('expired-token')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  async expired() {
    const { accessToken, expiresIn } = await this.tokens.issueForClient('demonstration', { accessTtl: 1 });
    return { token: accessToken, expires_in: expiresIn };
  }

  /** Of a client, without scopes, and for another service. */
  @Post('token-for-another-service')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  async otherAudience() {
    const { accessToken, expiresIn } = await this.tokens.issueForClient('demonstration', { audience: OTHER_SERVICE });
    return { token: accessToken, expires_in: expiresIn };
  }

  /** A sign-in of its own for two minutes, to end by reuse. Its access tokens are without scopes and for another service. */
  @Post('refresh-token')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  async refreshToken(@CurrentUser() user: User) {
    const { refreshToken } = await this.tokens.issue(user, {
      label: 'Demonstration of a reused token',
      audience: OTHER_SERVICE,
      scopes: [],
      refresh: { idle: '1m', absolute: '2m' },
    });
    return { refresh_token: refreshToken };
  }
}
