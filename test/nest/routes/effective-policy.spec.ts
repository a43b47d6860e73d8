import { Controller, Get, UseGuards, type Type } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AuthGuardFor,
  CurrentPrincipal,
  AuthModule,
  JwtAuthGuard,
  OptionalAuth,
  Public,
  TokenService,
  type Principal,
} from 'nestjs-latchkey';
import { defineScheme } from 'nestjs-latchkey/schemes';
import { ADAPTERS, startApplication, type RunningApplication } from '../../support/applications.js';

const key = defineScheme<string>({
  name: 'key',
  sentBy: 'client',
  find: (request) => request.headerLines('x-key')[0],
  verify: async (text) => ({ subject: { issuer: 'keys', id: text }, kind: 'user', claims: {}, scopes: [], own: false }),
});

const STATEMENTS = {
  nothing: [],
  public: [Public()],
  optional: [OptionalAuth()],
  token: [UseGuards(JwtAuthGuard)],
  key: [UseGuards(AuthGuardFor('key'))],
} as const;

type Statement = keyof typeof STATEMENTS;
const LEVELS = Object.keys(STATEMENTS) as Statement[];
const DEFAULTS = { token: JwtAuthGuard, key: AuthGuardFor('key'), none: false } as const;
type Default = keyof typeof DEFAULTS;

/** What decides, by the rule of the documentation alone: handler, then class, then default. */
function expectedGuard(onHandler: Statement, onClass: Statement, byDefault: Default): string {
  const nearest = onHandler === 'nothing' ? onClass : onHandler;
  if (nearest === 'public' || nearest === 'token' || nearest === 'key') return nearest;
  const outer = onHandler === 'optional' && (onClass === 'token' || onClass === 'key') ? onClass : byDefault;
  return nearest === 'optional' ? `optional ${outer}` : outer;
}

const cells = LEVELS.flatMap((onHandler) => LEVELS.map((onClass) => ({ onHandler, onClass })));

function controllerFor({ onHandler, onClass }: (typeof cells)[number]): Type<unknown> {
  class Cell {
    who(auth: Principal | undefined) {
      return { who: auth?.scheme ?? 'anonymous' };
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Cell.prototype, 'who') ?? {};
  CurrentPrincipal()(Cell.prototype, 'who', 0);
  for (const decorate of [Get(), ...STATEMENTS[onHandler]]) decorate(Cell.prototype, 'who', descriptor);
  for (const decorate of [Controller(`${onHandler}/${onClass}`), ...STATEMENTS[onClass]]) decorate(Cell);
  return Cell;
}

/** Without a default guard and without another guard to authenticate a caller, an optional route is a boot error. */
const bootable = (byDefault: Default) =>
  cells.filter(({ onHandler, onClass }) => expectedGuard(onHandler, onClass, byDefault) !== 'optional none');

describe.each(ADAPTERS)('the nearest decorator decides on %s', (adapter) => {
  describe.each(Object.keys(DEFAULTS) as Default[])('with the default %s', (byDefault) => {
    let running: RunningApplication;
    let authorization: string;
    beforeAll(async () => {
      running = await startApplication(adapter, {
        imports: [AuthModule.forRoot({ defaultGuard: DEFAULTS[byDefault], schemes: [key] })],
        controllers: bootable(byDefault).map(controllerFor),
      });
      authorization = `Bearer ${(await running.app.get(TokenService).issue('ada')).accessToken}`;
    });
    afterAll(() => running.close());

    it.each(bootable(byDefault))('handler says $onHandler, class says $onClass', async ({ onHandler, onClass }) => {
      const ask = async (headers: Record<string, string>): Promise<unknown> => {
        const answer = await running.fetch(`/${onHandler}/${onClass}`, { headers });
        return answer.ok ? ((await answer.json()) as { who: string }).who : answer.status;
      };
      const seen = {
        nothing: await ask({}),
        token: await ask({ authorization }),
        key: await ask({ 'x-key': 'k-1' }),
      };
      expect(seen).toEqual(OUTCOMES[expectedGuard(onHandler, onClass, byDefault)]);
    });
  });
});

const OUTCOMES: Readonly<Record<string, unknown>> = {
  none: { nothing: 'anonymous', token: 'anonymous', key: 'anonymous' },
  public: { nothing: 'anonymous', token: 'anonymous', key: 'anonymous' },
  token: { nothing: 401, token: 'bearer', key: 401 },
  key: { nothing: 401, token: 401, key: 'key' },
  'optional token': { nothing: 'anonymous', token: 'bearer', key: 'anonymous' },
  'optional key': { nothing: 'anonymous', token: 'anonymous', key: 'key' },
};
