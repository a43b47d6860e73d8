// The recipe for a load balancer of AWS: the code of docs/trusted-issuers.md itself runs here, against
// a real server of keys and over real HTTP.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuthGuardFor, CurrentPrincipal, AuthModule, type AuthModuleStructure, type Principal } from 'nestjs-latchkey';
import { CsrfService } from 'nestjs-latchkey/browser';
import { ADAPTERS, type RunningApplication, startApplication } from '../support/applications.js';
import * as endpoint from '../support/key-server.js';
import { readText, root } from '../support/repository.js';
import { markdownSnippets } from '../support/snippets.js';

const ARN = 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/school/50dc6c495c0c9188';
const KID = '12345678-1234-1234-1234-123456789012';
const ISSUER = 'https://accounts.example.com';
const PAGE = 'https://app.example.com';

@UseGuards(AuthGuardFor('alb'))
@Controller('me')
class MeController {
  @Get() me(@CurrentPrincipal() { subject, kind }: Principal) {
    return { subject, kind };
  }
  @Post() act() {
    return { done: true };
  }
}

type AlbScheme = (alb: object) => NonNullable<AuthModuleStructure['schemes']>[number];
let albScheme: AlbScheme;
let directory: string;

beforeAll(async () => {
  const parent = join(root, 'coverage/snippets');
  mkdirSync(parent, { recursive: true });
  directory = mkdtempSync(join(parent, 'alb-'));
  const snippets = markdownSnippets('docs/trusted-issuers.md', readText('docs/trusted-issuers.md'));
  const code = snippets.find(({ fileName }) => fileName === 'alb.ts')?.code ?? '';
  writeFileSync(join(directory, 'alb.ts'), code);
  ({ albScheme } = (await import(join(directory, 'alb.ts'))) as { albScheme: AlbScheme });
});
afterAll(() => rmSync(directory, { recursive: true }));

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pemOf = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }).toString();

/** As the load balancer encodes: base64url, with padding. */
const padded = (bytes: string | Buffer) => {
  const text = Buffer.from(bytes).toString('base64url');
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
};

const seconds = () => Math.floor(Date.now() / 1_000);

function dataWith({
  header = {},
  claims = {},
  key = privateKey,
}: { header?: object; claims?: object; key?: KeyObject } = {}) {
  const head = {
    typ: 'JWT',
    kid: KID,
    alg: 'ES256',
    iss: ISSUER,
    client: 'courses',
    signer: ARN,
    exp: seconds() + 120,
  };
  const body = { sub: 'ada', name: 'Ada', email: 'ada@example.com', exp: seconds() + 120, iss: ISSUER };
  const input = `${padded(JSON.stringify({ ...head, ...header }))}.${padded(JSON.stringify({ ...body, ...claims }))}`;
  return `${input}.${padded(sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }))}`;
}

describe.each(ADAPTERS)('The AWS load balancer recipe of the documentation, on %s', (adapter) => {
  let app: RunningApplication;
  let keys: endpoint.KeyServer;
  const pem = (key: KeyObject) => endpoint.serve(pemOf(key), { 'content-type': 'text/plain' });

  beforeEach(async () => {
    keys = await endpoint.keyServer(endpoint.routes({ [`/${KID}`]: pem(publicKey) }));
    const alb = albScheme({ arn: ARN, issuer: ISSUER, clientId: 'courses', keysAt: `${keys.url}/` });
    const csrf = { secret: randomUUID() + randomUUID(), trustedOrigins: [PAGE] };
    app = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ schemes: [alb], csrf })],
      controllers: [MeController],
    });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await app.close();
    await keys.stop();
  });

  const ask = (data: string, init: RequestInit = {}) =>
    app.fetch('/me', { ...init, headers: { 'x-amzn-oidc-data': data, ...(init.headers as Record<string, string>) } });
  const code = async (data: string) => {
    const answer = await ask(data);
    const { errorCode } = (await answer.json()) as { errorCode?: string };
    return [answer.status, errorCode];
  };

  it('accepts the token of the load balancer, with padding, and fetches each key once', async () => {
    const data = dataWith();
    expect(data).toContain('=.');
    const answers = await Promise.all([ask(data), ask(dataWith({ claims: { sub: 'ada' } }))]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await answers[0]?.json()).toEqual({ subject: { issuer: ISSUER, id: 'ada' }, kind: 'user' });
    expect(keys.requests).toEqual([`/${KID}`]);
  });

  it('refuses the token of another load balancer, though its keys have the same URL', async () => {
    const signer = ARN.replace('school', 'evil');
    expect(await code(dataWith({ header: { signer } }))).toEqual([401, 'invalid_issuer']);
    expect(await code(dataWith({ header: { signer: undefined } }))).toEqual([401, 'invalid_issuer']);
    expect(keys.requests).toEqual([]);
  });

  it.each<readonly [string, Parameters<typeof dataWith>[0], string]>([
    ['of another issuer', { header: { iss: 'https://evil.example' } }, 'invalid_issuer'],
    ['for another client', { header: { client: 'another' } }, 'invalid_audience'],
    ['that have ended', { header: { exp: 1 } }, 'token_expired'],
    ['without an end', { header: { exp: undefined } }, 'token_expired'],
    ['with a secret for a key', { header: { alg: 'HS256' } }, 'algorithm_not_allowed'],
    ['whose key id leads elsewhere', { header: { kid: '../x' } }, 'unknown_key'],
    ['without a subject', { claims: { sub: '' } }, 'missing_subject'],
    ['signed by another key', { key: other.privateKey }, 'token_invalid'],
  ])('refuses data %s', async (_, changes, refusal) => {
    expect(await code(dataWith(changes))).toEqual([401, refusal]);
  });

  it('refuses a changed token, and other values', async () => {
    const [head, , signature] = dataWith().split('.');
    const forged = padded(JSON.stringify({ sub: 'grace' }));
    expect(await code(`${head}.${forged}.${signature}`)).toEqual([401, 'token_invalid']);
    for (const text of ['a', 'a.b', 'YQ.YQ.YQ', 'a.b.c.d']) expect((await code(text))[0]).toBe(401);
  });

  it('follows key changes, and answers 503 while keys are unavailable', async () => {
    const next = '99999999-1234-1234-1234-123456789012';
    const started = Date.now();
    const now = jest.spyOn(Date, 'now').mockReturnValue(started);
    keys.answer(endpoint.refuse(500));
    expect(await code(dataWith())).toEqual([503, 'keys_unavailable']);
    expect(await code(dataWith())).toEqual([503, 'keys_unavailable']);
    now.mockReturnValue(started + 1_000);
    keys.answer(endpoint.routes({ [`/${KID}`]: pem(publicKey), [`/${next}`]: pem(other.publicKey) }));
    expect((await ask(dataWith())).status).toBe(200);
    expect((await ask(dataWith({ header: { kid: next }, key: other.privateKey }))).status).toBe(200);
    const made = randomUUID();
    expect(await code(dataWith({ header: { kid: made } }))).toEqual([401, 'unknown_key']);
    expect(await code(dataWith({ header: { kid: randomUUID() } }))).toEqual([503, 'keys_unavailable']);
    // Cached keys are valid nevertheless.
    expect((await ask(dataWith())).status).toBe(200);
    expect(keys.requests).toEqual([`/${KID}`, `/${KID}`, `/${next}`, `/${made}`]);
  });

  it('is under CSRF rules, because the browser is signed in by a cookie', async () => {
    const data = dataWith();
    expect((await ask(data, { method: 'POST', headers: { origin: 'https://evil.example' } })).status).toBe(403);
    expect((await ask(data, { method: 'POST', headers: { origin: PAGE } })).status).toBe(403);
    const token = app.app.get(CsrfService).issue({ subject: { issuer: ISSUER, id: 'ada' } });
    const headers = { origin: PAGE, cookie: `__Host-csrf=${token}`, 'x-csrf-token': token };
    expect((await ask(data, { method: 'POST', headers })).status).toBe(201);
  });
});
