// CORS that lets every site in while a browser sends cookies: said when the application starts.
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it } from '@jest/globals';
import { AuthModule, TokenService, type AuthModuleOptions } from 'nestjs-latchkey';
import { ADAPTERS, SILENT, startApplication, type AdapterName } from '../../support/applications.js';

type Cors = Parameters<INestApplication['enableCors']>[0];

const NOTICE =
  /^CORS answers any origin with credentials while cookies are on: .*origin: \['https:\/\/app\.example\.com'\]/;

async function noticesOf(adapter: AdapterName, cors: Cors, options: AuthModuleOptions = { cookies: {} }) {
  const warnings: string[] = [];
  const { fetch, close } = await startApplication(adapter, {
    imports: [AuthModule.forRoot(options)],
    configure: (app) => app.enableCors(cors),
    log: { ...SILENT, warn: (text: unknown) => void warnings.push(String(text)) },
  });
  const origin = 'https://evil.example';
  const { headers } = await fetch('/any', { headers: { origin } });
  await close();
  return {
    told: warnings.filter((each) => NOTICE.test(each)).length,
    reflected: headers.get('access-control-allow-origin') === origin,
  };
}

describe.each(ADAPTERS)('CORS on %s', (adapter) => {
  it.each<[string, Cors]>([
    ['origin: true', { origin: true, credentials: true }],
    ['a pattern that fits everything', { origin: /.*/, credentials: true }],
    ['such a pattern in a list', { origin: ['https://app.example.com', /^https:/], credentials: true }],
    [
      'a function that says yes',
      { origin: (_: unknown, answer: (e: null, a: boolean) => void) => answer(null, true), credentials: true },
    ],
  ])('that reflects every origin by %s is logged at boot while cookies are on', async (_, cors) => {
    expect(await noticesOf(adapter, cors)).toEqual({ told: 1, reflected: true });
  });

  it.each<[string, Cors]>([
    ['named origins', { origin: ['https://app.example.com'], credentials: true }],
    ['a pattern of our own hosts', { origin: /^https:\/\/[a-z]+\.example\.com$/, credentials: true }],
    [
      'a function that says no',
      { origin: (_: unknown, answer: (e: null, a: boolean) => void) => answer(null, false), credentials: true },
    ],
  ])('with %s is not logged', async (_, cors) => {
    expect(await noticesOf(adapter, cors)).toEqual({ told: 0, reflected: false });
  });

  it('without credentials is not logged, nor without cookies', async () => {
    expect((await noticesOf(adapter, { origin: true })).told).toBe(0);
    expect((await noticesOf(adapter, { origin: true, credentials: true }, {})).told).toBe(0);
  });

  it('is logged if only sessions of the host are on', async () => {
    const warnings: string[] = [];
    const log = { ...SILENT, warn: (text: unknown) => void warnings.push(String(text)) };
    const start = startApplication(adapter, {
      imports: [AuthModule.forRoot({ session: {} })],
      configure: (app) => app.enableCors({ origin: true, credentials: true }),
      log,
    });
    // Without its session middleware it does not start on Fastify, and the notice comes before.
    await start.then(({ close }) => close()).catch(() => undefined);
    expect(warnings.filter((each) => NOTICE.test(each))).toHaveLength(1);
  });
});

it('CORS is logged if NestFactory.create() receives it', async () => {
  const warnings: string[] = [];
  const logger = { ...SILENT, warn: (text: unknown) => void warnings.push(String(text)) };
  const app = await NestFactory.create(AuthModule.forRoot({ cookies: {} }), {
    logger,
    cors: { origin: true, credentials: true },
  });
  await app.init();
  await app.close();
  expect(warnings.filter((each) => NOTICE.test(each))).toHaveLength(1);
});

it('an application context without http starts, and ends, without a CORS notice', async () => {
  const app = await NestFactory.createApplicationContext(AuthModule.forRoot({ cookies: {} }), { logger: SILENT });
  // The error of a subscriber arrives in a separate task.
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(app.get(TokenService)).toBeDefined();
  await app.close();
});
