// The line of development about a refusal of `AuthGuard('jwt')`: one, although strategy and filter both see the refusal.
import { afterEach, expect, it } from '@jest/globals';
import { Controller, Get, UseGuards } from '@nestjs/common';
import { AuthGuard, PassportModule } from '@nestjs/passport';
import { AuthModule } from 'nestjs-latchkey';
import { PassportJwtModule } from 'nestjs-latchkey/passport';
import { ADAPTERS, SILENT, startApplication, type RunningApplication } from '../support/applications.js';

@Controller()
class Routes {
  @UseGuards(AuthGuard('jwt')) @Get('jwt') jwt() {
    return {};
  }
}

let running: RunningApplication | undefined;
afterEach(() => running?.close());

it.each(ADAPTERS)('a refusal of the strategy on %s is one line', async (adapter) => {
  const refused: string[] = [];
  const warn = (line: unknown): void => void (String(line).includes(' refused with ') && refused.push(String(line)));
  running = await startApplication(adapter, {
    imports: [
      PassportModule,
      PassportJwtModule,
      AuthModule.forRoot({ defaultGuard: false, errors: { explain: true } }),
    ],
    controllers: [Routes],
    log: { ...SILENT, warn },
  });
  const headers = { authorization: 'Bearer secret.of.mine' };
  expect((await running.fetch('/jwt', { headers })).status).toBe(401);
  expect(refused).toEqual([expect.stringContaining('GET /jwt')]);
  expect(refused[0]).toMatch(/401 token_malformed by the scheme bearer.*errors\/token_malformed\.md$/);
  expect(refused[0]).not.toContain('secret');
});
