import { Controller, Get, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AllowClients,
  AllowRestrictedClients,
  AuthGuardFor,
  AuthModule,
  Authorize,
  TokenService,
  type ClientTokenOptions,
  type Principal,
} from 'nestjs-latchkey';
import { allOf, anyOf, hasFilter, hasRoles, hasScopes, isRestricted, not, selfOrStaff } from 'nestjs-latchkey/policies';
import { defineScheme } from 'nestjs-latchkey/schemes';
import { ADAPTERS, startApplication, type RunningApplication } from '../support/applications.js';
import { bearer, People, personCalled } from '../support/sample-users.js';

/** A substitute for a scheme that authenticates a user without a token: a host session, a client certificate. */
const desk = defineScheme<string>({
  name: 'desk',
  sentBy: 'client',
  find: (request) => request.headerLines('x-desk')[0],
  verify: async (id) => ({ subject: { issuer: 'http://localhost', id }, kind: 'user', claims: {}, own: true }),
});

/** The user that a client token acts for, lower-cased on comparison. */
const actingFor = ({ claims }: Principal): string | undefined =>
  typeof claims['acting_for'] === 'string' ? claims['acting_for'] : undefined;

const forPeople = allOf(not(isRestricted), anyOf(hasRoles('staff'), selfOrStaff({ param: 'user' })));
const forClients = allOf(
  isRestricted,
  hasScopes('grades:read'),
  hasFilter('content_org', ({ request }) => request.param('org')),
  hasFilter('user', ({ request }) => request.param('user'), { optional: true, selfValue: actingFor }),
);

@UseGuards(AuthGuardFor('bearer', 'desk'))
@Controller('orgs')
class GradesController {
  @AllowClients()
  @AllowRestrictedClients()
  @Authorize(anyOf(forPeople, forClients))
  @Get(':org/grades/:user')
  grades() {
    return { grades: [] };
  }
}

const atDesk = (id: string): RequestInit => ({ headers: { 'x-desk': id } });

const SCOPES = ['grades:read'];
const FILTERS = ['content_org:acme'];

describe.each(ADAPTERS)('user or restricted client on %s', (adapter) => {
  let running: RunningApplication;
  beforeAll(async () => {
    running = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ users: People, schemes: [desk] })],
      controllers: [GradesController],
      providers: [People],
    });
  });
  afterAll(() => running.close());

  const authResultFor = async (user: string, init?: RequestInit): Promise<string> => {
    const answer = await running.fetch(`/orgs/Acme/grades/${user}`, init);
    return answer.ok ? '200' : `${answer.status} ${((await answer.json()) as { errorCode: string }).errorCode}`;
  };
  const holding = async (id: string): Promise<RequestInit> =>
    bearer((await running.app.get(TokenService).issue(personCalled(id))).accessToken);
  const client = async (options: ClientTokenOptions): Promise<RequestInit> => {
    const given: ClientTokenOptions = { restricted: true, ...options };
    return bearer((await running.app.get(TokenService).issueForClient('robot', given)).accessToken);
  };

  it('refuses an anonymous caller with 401 before any policy runs', async () => {
    expect(await authResultFor('ada')).toBe('401 unauthenticated');
  });

  it('accepts staff without a token', async () => {
    expect(await authResultFor('ada', atDesk('grace'))).toBe('200');
  });

  it('accepts a user without a token on their own path alone', async () => {
    expect(await authResultFor('grace', atDesk('ada'))).toBe('403 forbidden');
    expect(await authResultFor('ada', atDesk('ada'))).toBe('200');
  });

  it('accepts a user with a token on their own path alone', async () => {
    expect(await authResultFor('ada', await holding('ada'))).toBe('200');
    expect(await authResultFor('grace', await holding('ada'))).toBe('403 forbidden');
    expect(await authResultFor('ada', await holding('grace'))).toBe('200');
  });

  it('grants a restricted client nothing for having the name of the user', async () => {
    const issued = await running.app.get(TokenService).issueForClient('ada', { restricted: true, filters: FILTERS });
    expect(await authResultFor('ada', bearer(issued.accessToken))).toBe('403 insufficient_scope');
    expect(await authResultFor('grace', await client({ filters: FILTERS }))).toBe('403 insufficient_scope');
  });

  it.each<[string, ClientTokenOptions]>([
    ['the right scope and organisation', { scopes: SCOPES, filters: FILTERS }],
    ['further scopes', { scopes: ['other', ...SCOPES], filters: FILTERS }],
    ['further organisations', { scopes: SCOPES, filters: ['content_org:other', ...FILTERS] }],
    [
      'itself, acting for the user',
      { scopes: SCOPES, filters: [...FILTERS, 'user:me'], claims: { acting_for: 'Ada' } },
    ],
    ['the user by name', { scopes: SCOPES, filters: [...FILTERS, 'user:ADA'] }],
  ])('accepts a restricted client with %s', async (_, options) => {
    expect(await authResultFor('ada', await client(options))).toBe('200');
  });

  it.each<[string, ClientTokenOptions, string]>([
    ['no scope', { filters: FILTERS }, '403 insufficient_scope'],
    ['another scope', { scopes: ['grades:write'], filters: FILTERS }, '403 insufficient_scope'],
    ['no organisation', { scopes: SCOPES }, '403 filter_mismatch'],
    ['another organisation', { scopes: SCOPES, filters: ['content_org:other'] }, '403 filter_mismatch'],
    [
      'itself, acting for another user',
      { scopes: SCOPES, filters: [...FILTERS, 'user:me'], claims: { acting_for: 'grace' } },
      '403 filter_mismatch',
    ],
    ['itself, acting for no user', { scopes: SCOPES, filters: [...FILTERS, 'user:me'] }, '403 filter_mismatch'],
    [
      'another user by name',
      { scopes: SCOPES, filters: [...FILTERS, 'user:grace'], claims: { acting_for: 'ada' } },
      '403 filter_mismatch',
    ],
    ['scope and filter but no restriction', { scopes: SCOPES, filters: FILTERS, restricted: false }, '403 forbidden'],
  ])('refuses a client with %s', async (_, options, expected) => {
    expect(await authResultFor('ada', await client(options))).toBe(expected);
  });
});
