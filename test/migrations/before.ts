// The application before: passport-jwt, @nestjs/jwt, logins in a table, the payload as `request.user`.
import { randomBytes } from 'node:crypto';
import {
  BadRequestException,
  Body,
  Controller,
  Get,
  HttpCode,
  Injectable,
  Module,
  Post,
  Req,
  UnauthorizedException,
  UseGuards,
  type DynamicModule,
} from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import {
  accountOf,
  Accounts,
  hashPassword,
  Mailbox,
  matches,
  Roles,
  RolesGuard,
  Secrets,
  shown,
  SocialProvider,
  type Account,
  type Role,
} from './application.js';

interface Payload {
  readonly id: number;
  readonly role: Role;
  readonly sessionId: number;
}

interface RefreshPayload {
  readonly sessionId: number;
  readonly hash: string;
}

const jwtFromRequest = ExtractJwt.fromAuthHeaderAsBearerToken();

@Injectable()
class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(secrets: Secrets) {
    super({ jwtFromRequest, secretOrKey: secrets.access, algorithms: ['HS256'] });
  }
  validate(payload: Payload) {
    return payload;
  }
}

@Injectable()
class RefreshStrategy extends PassportStrategy(Strategy, 'jwt-refresh') {
  constructor(secrets: Secrets) {
    super({ jwtFromRequest, secretOrKey: secrets.refresh, algorithms: ['HS256'] });
  }
  validate(payload: RefreshPayload) {
    return payload;
  }
}

@Controller({ path: 'auth', version: '1' })
class AuthController {
  private readonly jwt = new JwtService();

  constructor(
    private readonly accounts: Accounts,
    private readonly secrets: Secrets,
    private readonly mailbox: Mailbox,
    private readonly social: SocialProvider,
  ) {}

  @HttpCode(204) @Post('email/register') async register(
    @Body() { email, password }: { email: string; password: string },
  ) {
    const row = {
      email,
      passwordHash: hashPassword(password),
      role: 'user',
      confirmed: false,
      socialId: null,
    } as const;
    const { id } = await this.accounts.create(row);
    const token = this.jwt.sign({ id }, { secret: this.secrets.confirmation, expiresIn: '1d' });
    this.mailbox.sent.push({ email, token });
  }

  @HttpCode(204) @Post('email/confirm') async confirm(@Body('token') token: string) {
    const held = this.jwt.verifyAsync<{ id: number }>(token, { secret: this.secrets.confirmation });
    const { id } = await held.catch(() => Promise.reject(new BadRequestException()));
    await this.accounts.update(id, { confirmed: true });
  }

  @HttpCode(200) @Post('email/login') async login(@Body() { email, password }: { email: string; password: string }) {
    const account = await this.accounts.find({ email });
    if (!account?.confirmed || account.passwordHash === null || !matches(password, account.passwordHash))
      throw new UnauthorizedException();
    return this.signIn(account);
  }

  @HttpCode(200) @Post('social/login') async socialLogin(@Body('idToken') idToken: string) {
    const person = await this.social.verify(idToken).catch(() => Promise.reject(new UnauthorizedException()));
    return this.signIn(await accountOf(this.accounts, person));
  }

  @UseGuards(AuthGuard('jwt-refresh'))
  @HttpCode(200)
  @Post('refresh')
  async refresh(@Req() { user: { sessionId, hash } }: { user: RefreshPayload }) {
    const session = await this.accounts.findSession(sessionId);
    const account = session === null ? null : await this.accounts.find({ id: session.accountId });
    if (session === null || account === null || session.hash !== hash) throw new UnauthorizedException();
    const next = randomBytes(16).toString('hex');
    await this.accounts.updateSession(sessionId, next);
    return this.pairOf(account, { sessionId, hash: next });
  }

  @UseGuards(AuthGuard('jwt')) @Get('me') async me(@Req() { user }: { user: Payload }) {
    const account = await this.accounts.find({ id: user.id });
    return account && shown(account);
  }

  @UseGuards(AuthGuard('jwt')) @HttpCode(204) @Post('logout') async logout(@Req() { user }: { user: Payload }) {
    await this.accounts.deleteSession(user.sessionId);
  }

  private async signIn(account: Account) {
    const hash = randomBytes(16).toString('hex');
    const { id: sessionId } = await this.accounts.createSession({ accountId: account.id, hash });
    return { ...this.pairOf(account, { sessionId, hash }), user: shown(account) };
  }

  private pairOf({ id, role }: Account, { sessionId, hash }: RefreshPayload) {
    const { access, refresh } = this.secrets;
    return {
      token: this.jwt.sign({ id, role, sessionId }, { secret: access, expiresIn: '15m' }),
      refreshToken: this.jwt.sign({ sessionId, hash }, { secret: refresh, expiresIn: '30d' }),
    };
  }
}

@Roles('admin')
@UseGuards(AuthGuard('jwt'), RolesGuard)
@Controller({ path: 'users', version: '1' })
class UsersController {
  constructor(private readonly accounts: Accounts) {}

  @Get() async list() {
    return (await this.accounts.list()).map(shown);
  }
}

@Module({
  controllers: [AuthController, UsersController],
  providers: [JwtStrategy, RefreshStrategy, SocialProvider, RolesGuard],
})
class BeforeModule {}

/** The application on these rows. */
export function before(data: DynamicModule): DynamicModule {
  return { module: BeforeModule, imports: [data] };
}
