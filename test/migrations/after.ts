// The application after the last step of docs/migrating.md. Paths, bodies and the roles guard are the same; logins of the old kind are
// exchanged for a while.
import {
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  Injectable,
  Module,
  Post,
  UnauthorizedException,
  UseGuards,
  type DynamicModule,
} from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import {
  AuthModule,
  CurrentPrincipal,
  CurrentUser,
  LoginService,
  OneTimeTokens,
  Public,
  SignInService,
  TokenService,
  UserSource,
  type Principal,
  type SignInCredentials,
  type Subject,
} from 'nestjs-latchkey';
import type { StoresFactory } from 'nestjs-latchkey/stores';
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
} from './application.js';

@Injectable()
class AccountSource extends UserSource<Account> {
  private readonly dummyHash = hashPassword('no user has it');

  constructor(private readonly accounts: Accounts) {
    super();
  }

  override findBySubject({ id }: Subject) {
    return this.accounts.find({ id: Number(id) });
  }

  override describe({ id, confirmed, passwordHash }: Account) {
    return { id: String(id), active: confirmed, stamp: passwordHash ?? 'social' };
  }

  override async verifyCredentials({ username, password }: SignInCredentials) {
    const account = await this.accounts.find({ email: username });
    return matches(password, account?.passwordHash ?? this.dummyHash) ? account : null;
  }
}

@Injectable()
class SignInServices {
  constructor(
    readonly signIn: SignInService,
    readonly tokens: TokenService,
    readonly oneTime: OneTimeTokens,
    readonly secrets: Secrets,
  ) {}
}

@Public()
@Controller({ path: 'auth', version: '1' })
class SignInController {
  private readonly jwt = new JwtService();

  constructor(
    private readonly accounts: Accounts,
    private readonly services: SignInServices,
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
    const { token } = await this.services.oneTime.issue(String(id), { purpose: 'confirm-address', ttl: '1d' });
    this.mailbox.sent.push({ email, token });
  }

  @HttpCode(204) @Post('email/confirm') async confirm(@Body('token') token: string) {
    const { subject } = await this.services.oneTime.redeem(token, 'confirm-address', { allowInactive: true });
    await this.accounts.update(Number(subject.id), { confirmed: true });
  }

  @HttpCode(200) @Post('email/login') async login(@Body() { email, password }: { email: string; password: string }) {
    const account: unknown = await this.services.signIn.verify({ username: email, password });
    return this.signIn(account as Account);
  }

  @HttpCode(200) @Post('social/login') async socialLogin(@Body('idToken') idToken: string) {
    const person = await this.social.verify(idToken).catch(() => Promise.reject(new UnauthorizedException()));
    return this.signIn(await accountOf(this.accounts, person));
  }

  @HttpCode(200) @Post('refresh') async refresh(@Headers('authorization') header = '') {
    const token = header.replace(/^Bearer /, '');
    const old = await this.oldLogin(token);
    const { accessToken, refreshToken } = await (old === undefined
      ? this.services.tokens.refresh(token)
      : this.services.tokens.issue(String(old)));
    return { token: accessToken, refreshToken };
  }

  /** Whose login of the old kind this is. It can be exchanged once. */
  private async oldLogin(token: string): Promise<number | undefined> {
    const held = this.jwt.verifyAsync<{ sessionId: number; hash: string }>(token, {
      secret: this.services.secrets.refresh,
    });
    const payload = await held.catch(() => undefined);
    if (payload === undefined) return undefined;
    const session = await this.accounts.findSession(payload.sessionId);
    const isLive = session?.hash === payload.hash && (await this.accounts.deleteSession(payload.sessionId)) === 1;
    if (session === null || !isLive) throw new UnauthorizedException();
    return session.accountId;
  }

  private async signIn(account: Account) {
    const { accessToken, refreshToken } = await this.services.tokens.issue(String(account.id));
    return { token: accessToken, refreshToken, user: shown(account) };
  }
}

@Controller({ path: 'auth', version: '1' })
class MeController {
  constructor(private readonly logins: LoginService) {}

  @Get('me') me(@CurrentUser() account: Account) {
    return shown(account);
  }

  @HttpCode(204) @Post('logout') async logout(@CurrentPrincipal() { subject, sid = '' }: Principal) {
    await this.logins.end(subject, sid);
  }
}

@Roles('admin')
@UseGuards(RolesGuard)
@Controller({ path: 'users', version: '1' })
class UsersController {
  constructor(private readonly accounts: Accounts) {}

  @Get() async list() {
    return (await this.accounts.list()).map(shown);
  }
}

@Module({
  controllers: [SignInController, MeController, UsersController],
  providers: [AccountSource, SignInServices, SocialProvider, RolesGuard],
})
class AfterModule {}

/** The application on these rows and stores. */
export function after(data: DynamicModule, stores: StoresFactory): DynamicModule {
  const auth = AuthModule.forRoot({ issuer: 'https://app.example', audience: 'app', users: AccountSource, stores });
  return { module: AfterModule, imports: [data, auth] };
}
