// Refusals that another guard of the application goes on after: nothing of them is left on its answer but what does no harm there.
import {
  Catch,
  Controller,
  Get,
  HttpException,
  Inject,
  Injectable,
  Module,
  UseGuards,
  type ArgumentsHost,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
} from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthModule, JwtAuthGuard, Public, TokenService } from 'nestjs-latchkey';
import { RedirectToLogin } from 'nestjs-latchkey/browser';
import { ADAPTERS, SILENT, startApplication, type RunningApplication } from '../../support/applications.js';
import { bearer } from '../../support/sample-users.js';
import { People } from '../../support/recording-app.js';

/** A token, or whatever else. */
@Injectable()
class AnywayGuard implements CanActivate {
  @Inject(JwtAuthGuard) private readonly tokens!: CanActivate;

  async canActivate(context: ExecutionContext): Promise<boolean> {
    try {
      return (await this.tokens.canActivate(context)) === true;
    } catch {
      return true;
    }
  }
}

@Controller('anyway')
class AnywayController {
  @Public() @UseGuards(AnywayGuard) @Get() get() {
    return { here: true };
  }
  @RedirectToLogin() @Public() @UseGuards(AnywayGuard) @Get('page') page() {
    return { here: true };
  }
}

@Controller('pages')
class PagesController {
  @RedirectToLogin() @Get('guarded') guarded() {
    return {};
  }
}

@Module({ providers: [People], exports: [People] })
class PeopleModule {}

const people = People as never;

/** Sends whatever it catches, as it is. */
@Catch(HttpException)
class SendingFilter implements ExceptionFilter<HttpException> {
  catch(exception: HttpException, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<{ status(code: number): { send(body: object): unknown } }>();
    response.status(exception.getStatus()).send({ ...exception });
  }
}

describe.each(ADAPTERS)('a refusal after which another guard accepts, on %s', (adapter) => {
  let app: RunningApplication;
  beforeAll(async () => {
    app = await startApplication(adapter, {
      imports: [PeopleModule, AuthModule.forRoot({ users: people, errors: { format: 'problem' }, loginUrl: '/login' })],
      controllers: [AnywayController, PagesController],
      providers: [JwtAuthGuard, AnywayGuard],
      log: SILENT,
    });
  });
  afterAll(() => app.close());

  it('leaves the content type of the response to the handler', async () => {
    const answer = await app.fetch('/anyway');
    expect([answer.status, await answer.json()]).toEqual([200, { here: true }]);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  });

  it('causes a redirect only if the guard itself refuses', async () => {
    const page = { headers: { accept: 'text/html' }, redirect: 'manual' } as const;
    const guarded = await app.fetch('/pages/guarded', page);
    expect([guarded.status, guarded.headers.get('location')]).toEqual([302, '/login?next=%2Fpages%2Fguarded']);
    const open = await app.fetch('/anyway/page', page);
    expect([open.status, open.headers.get('location')]).toEqual([200, null]);
  });

  it('has its content type if it is the response', async () => {
    const answer = await app.fetch('/pages/guarded');
    expect(answer.status).toBe(401);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });
});

describe.each(ADAPTERS)('a refusal that a filter serialises, on %s', (adapter) => {
  it('does not expose the exact code and the cause', async () => {
    const app = await startApplication(adapter, {
      imports: [PeopleModule, AuthModule.forRoot({ users: people })],
      controllers: [PagesController],
      providers: [JwtAuthGuard, AnywayGuard],
      configure: (each) => void each.useGlobalFilters(new SendingFilter()),
      log: SILENT,
    });
    const source = app.app.get(People);
    const { accessToken } = await app.app.get(TokenService).issue('ada');
    source.all.delete('ada');
    const answer = await app.fetch('/pages/guarded', bearer(accessToken));
    const text = await answer.text();
    await app.close();
    expect(answer.status).toBe(401);
    expect(text).toContain('token_invalid');
    expect(text).not.toContain('user_not_found');
  });
});
