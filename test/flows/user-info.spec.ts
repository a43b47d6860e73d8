// The recipe of docs/migrating.md in the place of `BearerAuthentication`: opaque tokens of an LMS, which its user-info endpoint is asked about,
// beside its JWTs.
import { Controller, Get, UseGuards } from '@nestjs/common';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AuthGuardFor, CurrentPrincipal, type Principal } from 'nestjs-latchkey';
import { openEdx, type ExternalUserSource } from 'nestjs-latchkey/issuers';
import type { defineScheme } from 'nestjs-latchkey/schemes';
import { ADAPTERS, type RunningApplication } from '../support/applications.js';
import { Attempts } from '../support/attempts.js';
import { startBrowserApp } from '../support/browser-app.js';
import { startLms, type Lms } from '../support/lms.js';
import { readText } from '../support/repository.js';
import { importSnippet, markdownSnippets } from '../support/snippets.js';

const snippets = markdownSnippets('docs/migrating.md', readText('docs/migrating.md'));

/** What the two snippets export. */
interface Recipe {
  userInfoScheme: (issuer: string, address: string) => ReturnType<typeof defineScheme>;
  LmsLearners: new () => ExternalUserSource;
}

@Controller('jobs')
class JobsController {
  @UseGuards(AuthGuardFor('user-info', 'bearer')) @Get() jobs(@CurrentPrincipal() { scheme, subject, own }: Principal) {
    return { scheme, id: subject.id, own };
  }
}

describe.each(ADAPTERS)('the scheme that asks the user-info endpoint, on %s', (adapter) => {
  let recipe: Recipe;
  let lms: Lms;
  let running: RunningApplication;
  let attempts: Attempts;
  beforeAll(async () => {
    const [scheme, learners] = [
      await importSnippet(snippets, 'user-info.ts'),
      await importSnippet(snippets, 'lms-learners.ts'),
    ];
    recipe = { ...scheme, ...learners } as unknown as Recipe;
  });
  beforeEach(async () => {
    lms = await startLms();
    attempts = new Attempts();
    running = await startBrowserApp(adapter, {
      trust: [openEdx(lms.trust)],
      header: { schemes: ['JWT'] },
      structure: {
        externalUsers: recipe.LmsLearners as never,
        schemes: [recipe.userInfoScheme(lms.issuer, lms.userInfo)],
      },
      controllers: [JobsController],
      providers: [recipe.LmsLearners],
    });
  });
  afterEach(async () => {
    attempts.close();
    await running.close();
    await lms.close();
  });

  const ask = async (authorization: string) => {
    attempts.forget();
    const answer = await running.fetch('/jobs', { headers: { authorization } });
    const { headers, status } = answer;
    const { errorCode, ...body } = (await answer.json()) as { errorCode?: string };
    const { outcome, scheme } = attempts.only();
    return { status, headers, errorCode, body, event: { outcome, scheme } };
  };

  it('accepts an opaque token, whose user is the one of the JWTs of the LMS', async () => {
    const id = lms.subject('ada');
    expect(await ask(`Bearer ${lms.opaqueToken('ada')}`)).toMatchObject({
      status: 200,
      body: { scheme: 'user-info', id, own: false },
      event: { outcome: 'success', scheme: 'user-info' },
    });
    expect(await ask(`JWT ${lms.token('ada')}`)).toMatchObject({ status: 200, body: { scheme: 'bearer', id } });
  });

  it('answers 401 to a token that the LMS refuses, with its challenge', async () => {
    const { headers, ...seen } = await ask('Bearer made-up');
    expect(seen).toMatchObject({
      status: 401,
      errorCode: 'token_invalid',
      event: { outcome: 'rejected', scheme: 'user-info' },
    });
    expect(headers.get('www-authenticate')).toMatch(/^Bearer .*error="invalid_token"/);
  });

  it.each(['Bearer', 'Bearer two words', 'Bearer a,b'])('answers 401 to the header %j', async (header) => {
    expect(await ask(header)).toMatchObject({ status: 401, errorCode: 'malformed_header' });
  });

  it('takes a JWT behind the word Bearer for an opaque token, and a header with another word for none', async () => {
    expect(await ask(`Bearer ${lms.token('ada')}`)).toMatchObject({ status: 401, event: { scheme: 'user-info' } });
    expect(await ask('Basic YTpi')).toMatchObject({ status: 401, errorCode: 'unauthenticated' });
  });

  it.each(['with 500', 'never'] as const)('answers 503 while the endpoint answers %s, and recovers', async (how) => {
    const token = `Bearer ${lms.opaqueToken('ada')}`;
    lms.answerUserInfo(how);
    const { headers, ...seen } = await ask(token);
    expect(seen).toMatchObject({
      status: 503,
      errorCode: 'scheme_unavailable',
      event: { outcome: 'unavailable', scheme: 'user-info' },
    });
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    lms.answerUserInfo('well');
    expect((await ask(token)).status).toBe(200);
  });

  it('answers 503 while the LMS is down', async () => {
    const token = `Bearer ${lms.opaqueToken('ada')}`;
    const jwt = `JWT ${lms.token('ada')}`;
    expect([(await ask(token)).status, (await ask(jwt)).status]).toEqual([200, 200]);
    await lms.close();
    expect(await ask(token)).toMatchObject({ status: 503, errorCode: 'scheme_unavailable' });
    // Its keys are known, so that its JWTs go on.
    expect((await ask(jwt)).status).toBe(200);
    lms = await startLms();
  });
});
