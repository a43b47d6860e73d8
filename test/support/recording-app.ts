// An application that notices everything a refused request must not reach: handlers, interceptors, the user source, the log.
import {
  All,
  Controller,
  Get,
  Injectable,
  Module,
  UseGuards,
  type CallHandler,
  type DynamicModule,
  type INestApplication,
  type LoggerService,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import {
  CurrentPrincipal,
  AuthModule,
  JwtAuthGuard,
  Public,
  TokenService,
  type AuthModuleOptions,
  type AuthModuleStructure,
  type Principal,
  type TokenPair,
} from 'nestjs-latchkey';
import { onAuthEvent, type AuthEvent } from 'nestjs-latchkey/events';
import { devicesController, tokenController } from 'nestjs-latchkey/controllers';
import { startApplication, type AdapterName, type RunningApplication } from './applications.js';
import { UserDirectory } from './user-directory.js';

export { PASSWORD, type Person } from './user-directory.js';

export const ISSUER = 'https://accounts.test';

/** ada, a plain user; grace, who is staff; lin, who is inactive. */
@Injectable()
export class People extends UserDirectory {
  constructor() {
    const scopes = ['read'];
    super([
      { id: 'ada', scopes, roles: [] },
      { id: 'grace', scopes, roles: ['staff'] },
      { id: 'lin', scopes, roles: [], active: false },
    ]);
  }
}

/** What ran. */
@Injectable()
export class Probe implements NestInterceptor {
  handled = 0;
  intercepted = 0;

  intercept(_: unknown, next: CallHandler) {
    this.intercepted += 1;
    return next.handle();
  }
}

@Module({ providers: [People, Probe], exports: [People, Probe] })
class ProbesModule {}

@UseGuards(JwtAuthGuard)
@Controller('me')
class MeController {
  constructor(private readonly probe: Probe) {}

  @Get() me(@CurrentPrincipal() { subject, scheme }: Principal) {
    this.probe.handled += 1;
    return { subject: subject.id, scheme };
  }

  @All('echo/*') echo(@CurrentPrincipal() { subject }: Principal) {
    this.probe.handled += 1;
    return { subject: subject.id };
  }

  @Public() @Get('open') open() {
    return { open: true };
  }
}

/** Keeps every line that is logged. */
class Lines implements LoggerService {
  readonly all: string[] = [];
  private readonly keep = (...parts: readonly unknown[]): void => void this.all.push(parts.map(textOf).join(' '));
  readonly log = this.keep;
  readonly error = this.keep;
  readonly warn = this.keep;
  readonly debug = this.keep;
  readonly verbose = this.keep;
  readonly fatal = this.keep;
}

function textOf(part: unknown): string {
  return part instanceof Error
    ? `${part.stack} ${JSON.stringify(part)}`
    : typeof part === 'string'
      ? part
      : JSON.stringify(part);
}

export interface RecordingApp extends RunningApplication {
  readonly people: People;
  readonly probe: Probe;
  readonly tokens: TokenService;
  readonly events: AuthEvent[];
  /** Lines logged so far. */
  readonly logged: readonly string[];
  signIn(id?: string): Promise<TokenPair>;
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

export interface RecordingAppOptions extends AuthModuleOptions {
  readonly structure?: AuthModuleStructure;
  readonly configure?: (app: INestApplication) => unknown;
  /** Modules besides. */
  readonly imports?: readonly (DynamicModule | Type<unknown>)[];
}

/** Starts it with the token and device routes. */
export async function startRecordingApp(
  adapter: AdapterName,
  { structure = {}, configure, imports = [], ...options }: RecordingAppOptions = {},
): Promise<RecordingApp> {
  const lines = new Lines();
  const events: AuthEvent[] = [];
  const running = await startApplication(adapter, {
    imports: [ProbesModule, authOf(options, structure), ...imports],
    controllers: [MeController],
    log: lines,
    configure: async (app) => {
      app.useGlobalInterceptors(app.get(Probe, { strict: false }));
      await configure?.(app);
    },
  });
  const stopListening = onAuthEvent((event) => void events.push(event));
  const people = running.app.get(People, { strict: false });
  const tokens = running.app.get(TokenService);
  return {
    ...running,
    people,
    probe: running.app.get(Probe, { strict: false }),
    tokens,
    events,
    logged: lines.all,
    // The users of this test have a type of their own.
    signIn: (id = 'ada') => tokens.issue(people.of(id) as never),
    post: (path, body, headers = {}) =>
      running.fetch(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    close: async () => {
      stopListening();
      await running.close();
    },
  };
}

function authOf(options: AuthModuleOptions, structure: AuthModuleStructure): DynamicModule {
  return AuthModule.forRoot({
    issuer: ISSUER,
    audience: 'accounts',
    users: People,
    controllers: [tokenController(), devicesController()],
    ...options,
    ...structure,
  });
}
