// The probed application with sign-ins at identity providers by openid-client, written as docs/external-sign-in.md says, and a browser that uses
// them.
import {
  Controller,
  Get,
  Inject,
  Injectable,
  Param,
  Post,
  Query,
  Redirect,
  Req,
  Res,
  UseGuards,
  type CanActivate,
  type DynamicModule,
  type Type,
} from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { Strategy as OAuth2Strategy } from 'passport-oauth2';
import * as client from 'openid-client';
import {
  CurrentPrincipal,
  Public,
  SessionOrJwtGuard,
  type AuthModuleStructure,
  type AuthUser,
  type Principal,
} from 'nestjs-latchkey';
import { ExternalSignInService, type ExternalLogin } from 'nestjs-latchkey/browser';
import { cookieController, csrfController, sessionController, tokenController } from 'nestjs-latchkey/controllers';
import { proven, type SignInAnswer, type SignInStep } from 'nestjs-latchkey/sign-in';
import { ExternalSignInGuard, externalStateStore } from 'nestjs-latchkey/passport';
import type { AdapterName } from './applications.js';
import { CookieJar } from './cookie-jar.js';
import type { IdentityProvider } from './identity-provider.js';
import { ISSUER, People, type Person, type RecordingApp } from './recording-app.js';
import { startRecordingBrowserApp, type RecordingBrowserOptions } from './recording-browser-app.js';

/** Where a sign-in begins: strategies of passport have routes of their own. */
const pathOf = (provider: string): string => `/${provider.includes('passport') ? 'strategy' : 'login'}/${provider}`;

export const callbackAt = (provider: string): string => `${ISSUER}${pathOf(provider)}/callback`;

/** What a test may change between two requests. */
export interface ExternalSetup {
  readonly providers: ReadonlyMap<string, IdentityProvider>;
  /** The account of ours by `[iss, sub]`. */
  readonly links: Map<string, string>;
  as: ExternalLogin['as'];
  /** Members of `ExternalLogin` for the next one. */
  login: (claims: client.IDToken) => Partial<ExternalLogin>;
  /** What the application answers about the user of ours. */
  answer: (user: AuthUser | undefined) => SignInAnswer;
  /** Members of what begins. */
  begin: { formPost?: boolean };
  /** Called with what the library gave, before the provider is asked: a test may change it. */
  checks: (checks: client.AuthorizationCodeGrantChecks) => client.AuthorizationCodeGrantChecks;
}

export function externalSetup(providers: Readonly<Record<string, IdentityProvider>>): ExternalSetup {
  return { providers: new Map(Object.entries(providers)), links: new Map(), ...unchanged() };
}

/** What a test starts with. */
export function unchanged(): Omit<ExternalSetup, 'providers' | 'links'> {
  return {
    as: 'cookies',
    login: () => ({}),
    answer: (user) => user && proven({ user }),
    begin: {},
    checks: (checks) => checks,
  };
}

export const linkOf = (issuer: string, subject: string): string => JSON.stringify([issuer, subject]);

/** The routes of the application. */
function controllerOf(setup: ExternalSetup, findUser: (id: string) => Promise<AuthUser | undefined>) {
  const configurations = new Map<string, Promise<client.Configuration>>();
  const configurationOf = (name: string): Promise<client.Configuration> => {
    const { issuer, client: registered } = provider(name);
    const known = configurations.get(name);
    if (known !== undefined) return known;
    const execute = [client.allowInsecureRequests];
    const found = client.discovery(new URL(issuer), registered.id, registered.secret, undefined, { execute });
    configurations.set(name, found);
    return found;
  };
  const provider = (name: string): IdentityProvider => {
    const found = setup.providers.get(name);
    if (found === undefined) throw new Error(`There is no provider ${name}.`);
    return found;
  };

  @Public()
  @Controller('login')
  class LoginController {
    constructor(private readonly elsewhere: ExternalSignInService) {}

    @Get(':provider')
    @Redirect()
    async begin(
      @Param('provider') name: string,
      @Query('next') next: string | undefined,
      @Req() request: object,
      @Res({ passthrough: true }) response: object,
    ) {
      const begun = this.elsewhere.begin({ request, response, provider: name, returnTo: next, ...setup.begin });
      const url = client.buildAuthorizationUrl(await this.elsewhere.exchange(() => configurationOf(name)), {
        redirect_uri: callbackAt(name),
        scope: 'openid email',
        state: begun.state,
        nonce: begun.nonce,
        code_challenge: begun.codeChallenge,
        code_challenge_method: 'S256',
        max_age: '3600',
      });
      return { url: url.href };
    }

    @Get(':provider/callback')
    callback(
      @Param('provider') name: string,
      @Req() request: object,
      @Res({ passthrough: true })
      response: { status(code: number): unknown; header(name: string, value: string): unknown },
    ) {
      return this.takeUp(name, request, response);
    }

    @Post(':provider/callback')
    posted(
      @Param('provider') name: string,
      @Req() request: object,
      @Res({ passthrough: true })
      response: { status(code: number): unknown; header(name: string, value: string): unknown },
    ) {
      return this.takeUp(name, request, response);
    }

    private async takeUp(
      name: string,
      request: object,
      response: { status(code: number): unknown; header(name: string, value: string): unknown },
    ) {
      const callback = await this.elsewhere.resume({ request, response, provider: name });
      const { state, nonce, codeVerifier, returnTo, search } = callback;
      const checks = {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: codeVerifier,
        idTokenExpected: true,
      };
      const tokens = await this.elsewhere.exchange(async () =>
        client.authorizationCodeGrant(
          await configurationOf(name),
          new URL(`${callbackAt(name)}${search}`),
          setup.checks(checks),
        ),
      );
      const claims = tokens.claims();
      if (claims === undefined) throw new Error('There is no ID token.');
      const id = setup.links.get(linkOf(claims.iss, claims.sub));
      const user = id === undefined ? undefined : await findUser(id);
      const pair = await this.elsewhere.complete(setup.answer(user), {
        request,
        response,
        as: setup.as,
        ...setup.login(claims),
      });
      if (pair !== undefined) return { access_token: pair.accessToken };
      response.status(302);
      response.header('location', returnTo);
      return undefined;
    }
  }
  return LoginController;
}

/** A strategy of passport-oauth2 at the provider `one`, and routes that use it: those of ours, and those of @nestjs/passport. */
function passportModule(setup: ExternalSetup, findUser: (id: string) => Promise<AuthUser | undefined>): DynamicModule {
  const one = setup.providers.get('one');
  if (one === undefined) throw new Error('There is no provider one.');
  const { issuer, client: registered } = one;

  class UserinfoStrategy extends OAuth2Strategy {
    override userProfile(accessToken: string, done: (error: unknown, profile?: unknown) => void): void {
      const asked = fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${accessToken}` } });
      const succeed = (profile: unknown): void => done(null, profile);
      void asked.then((answer) => answer.json()).then(succeed, done);
    }
  }

  const strategyAt = (name: string) => {
    @Injectable()
    class ProviderStrategy extends PassportStrategy(UserinfoStrategy, name) {
      constructor(@Inject(ExternalSignInService) signIns: ExternalSignInService) {
        super({
          authorizationURL: `${issuer}/auth`,
          tokenURL: `${issuer}/token`,
          clientID: registered.id,
          clientSecret: registered.secret,
          callbackURL: callbackAt(name),
          scope: 'openid email',
          pkce: true,
          store: externalStateStore(signIns, name),
        });
      }

      async validate(_access: string, _refresh: string, { sub }: { readonly sub: string }) {
        const id = setup.links.get(linkOf(issuer, sub));
        return id === undefined ? null : findUser(id);
      }
    }
    return ProviderStrategy;
  };

  const controllerAt = (name: string, guard: Type<CanActivate>) => {
    @Public()
    @UseGuards(guard)
    @Controller(pathOf(name))
    class PassportController {
      constructor(@Inject(ExternalSignInService) private readonly signIns: ExternalSignInService) {}

      @Get() begin() {}

      @Get('callback')
      @Redirect()
      async callback(@Req() request: PassportRequest, @Res({ passthrough: true }) response: object) {
        await this.signIns.complete(setup.answer(request.user), { request, response, as: 'cookies' });
        return { url: request.authInfo.state.returnTo };
      }
    }
    return PassportController;
  };

  const [ours, theirs] = [strategyAt('passport'), strategyAt('nest-passport')];
  return {
    module: class PassportSignIns {},
    providers: [ours, theirs],
    controllers: [
      controllerAt('passport', ExternalSignInGuard(ours)),
      controllerAt('nest-passport', AuthGuard('nest-passport')),
    ],
  };
}

interface PassportRequest {
  readonly user: AuthUser;
  readonly authInfo: { readonly state: { readonly returnTo: string } };
}

@UseGuards(SessionOrJwtGuard)
@Controller('who')
class WhoController {
  @Get() who(@CurrentPrincipal() { subject, scheme, acr, amr, authTime }: Principal) {
    return { subject: subject.id, scheme, acr, amr, authTime };
  }
}

export const CODE = '123456';

async function completeChallenge({ user }: SignInStep<Person>, { code }: { readonly code: string }) {
  return code === CODE ? proven({ user, amr: ['otp'] }) : undefined;
}

export interface ExternalApp extends RecordingApp {
  readonly setup: ExternalSetup;
}

export async function startExternalApp(
  adapter: AdapterName,
  setup: ExternalSetup,
  { structure, ...options }: RecordingBrowserOptions = {},
): Promise<ExternalApp> {
  // The users of this test have a type of their own.
  const findUser = async (id: string) => known.people?.all.get(id) as AuthUser | undefined;
  const known: { people?: People } = {};
  const controllers: AuthModuleStructure['controllers'] = [
    tokenController({ steps: true }),
    cookieController({ steps: true }),
    sessionController({ steps: true }),
    csrfController(),
    { controller: controllerOf(setup, findUser), requires: [] },
    { controller: WhoController, requires: [] },
  ];
  const app = await startRecordingBrowserApp(adapter, {
    issuer: ISSUER,
    imports: [passportModule(setup, findUser)],
    ...options,
    configure: (application) => void Object.assign(application.get(People, { strict: false }), { completeChallenge }),
    structure: { controllers, ...structure },
  });
  known.people = app.people;
  return { ...app, setup };
}

/** A browser: begins, goes to the provider, and comes back. */
export class ExternalBrowser {
  readonly jar: CookieJar;

  constructor(private readonly app: ExternalApp) {
    this.jar = new CookieJar(app);
  }

  /** Begins, signs in there, and comes back. */
  async signIn(provider = 'one'): Promise<Response> {
    return this.jar.send(await this.goThere(provider));
  }

  /** Where the application sends the browser. */
  async begin(provider = 'one', query = ''): Promise<URL> {
    const answer = await this.jar.send(`${pathOf(provider)}${query}`);
    if (answer.status !== 302) throw new Error(`It answered ${answer.status}: ${await answer.text()}`);
    return new URL(answer.headers.get('location') ?? '');
  }

  /** Begins, signs in there, and returns the path of the callback. */
  async goThere(provider = 'one', change: (url: URL) => void = () => {}, query = ''): Promise<string> {
    const url = await this.begin(provider, query);
    change(url);
    const back = await this.app.setup.providers.get(provider.includes('passport') ? 'one' : provider)?.visit(url.href);
    if (back === undefined) throw new Error(`There is no provider ${provider}.`);
    return `${back.pathname}${back.search}`;
  }

  async who(): Promise<unknown> {
    const answer = await this.jar.send('/who');
    return answer.ok ? answer.json() : answer.status;
  }
}
