import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import * as endpoint from '../support/key-server.js';
import { root } from '../support/repository.js';
import { temporaryFolder } from '../support/database-server.js';

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

let folder: string;
let keys: string;

beforeEach(() => {
  folder = temporaryFolder('command');
  keys = join(folder, 'keys');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function latchkey(args: readonly string[], { input = '', environment = {} } = {}): Promise<Ran> {
  const child = spawn(process.execPath, [join(root, 'libs/auth/bin/latchkey.js'), ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...environment },
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => (said.err += String(chunk)));
  child.stdin.end(input);
  await once(child, 'close');
  return { code: child.exitCode, ...said };
}

const generate = () => latchkey(['keys', 'generate', '--dir', keys]);
const whom = ['--issuer', 'https://accounts.example', '--audience', 'courses'];
const tokenFor = (...args: string[]) => latchkey(['token', '--dir', keys, ...whom, ...args]);
const secretsIn = (path: string): string[] =>
  readdirSync(path).flatMap((file) => {
    const { d } = JSON.parse(readFileSync(join(path, file), 'utf8')) as { d?: string };
    return d === undefined ? [] : [d];
  });

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function publishLongAgo(): void {
  const path = join(keys, 'ring.json');
  const ring = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, JSON.stringify({ ...ring, nextSince: 1_700_000_000 }));
}

function currentKey(): Record<string, string> {
  const { current } = JSON.parse(readFileSync(join(keys, 'ring.json'), 'utf8')) as { current: string };
  return JSON.parse(readFileSync(join(keys, current), 'utf8')) as Record<string, string>;
}

describe('help', () => {
  const commands = [
    ['keys'],
    ['keys', 'generate'],
    ['keys', 'rotate'],
    ['keys', 'list'],
    ['token'],
    ['inspect'],
    ['routes'],
  ];

  it.each(
    [[], ...commands].flatMap((command) => [
      [...command, '--help'],
      [...command, '-h'],
      [...command, 'help'],
      ['help', ...command],
    ]),
  )('prints the usage and has no side effects: %s %s %s', async (...args) => {
    const { code, out, err } = await latchkey(args.filter((each) => typeof each === 'string'));
    expect([code, err]).toEqual([0, '']);
    const [name = ''] = args.filter((each) => !['--help', '-h', 'help'].includes(each));
    expect(out).toMatch(new RegExp(`^Usage: latchkey ${name === '' ? '<command>' : name}\n`));
    expect(out).toContain(`  ${name === '' ? 'routes' : name} `);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('does not answer unknown words: those are mistakes', async () => {
    const { code, out, err } = await latchkey(['kyes', '--help']);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^Usage: latchkey <command>/);
  });
});

describe('latchkey keys', () => {
  it('creates keys that only their owner can read, and prints the purpose of each', async () => {
    const { code, out } = await generate();
    expect([code, out]).toEqual([0, expect.stringMatching(/^current +ES256 +[\w-]{43}\nnext +ES256 +[\w-]{43}\n$/)]);
    expect(statSync(keys).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(keys)) expect(statSync(join(keys, file)).mode & 0o777).toBe(0o600);
    expect((await latchkey(['keys', 'list', '--dir', keys])).out).toBe(out);
  });

  it('overwrites nothing', async () => {
    await generate();
    const before = readdirSync(keys).sort();
    const { code, out, err } = await generate();
    expect([code, out, err]).toEqual([1, '', expect.stringMatching(/holds keys already/)]);
    expect(readdirSync(keys).sort()).toEqual(before);
  });

  it('rotates once the next key is published long enough, and not before', async () => {
    const [, next = ''] = (await generate()).out.split('\n');
    expect(await latchkey(['keys', 'rotate', '--dir', keys])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/too new/),
    });
    publishLongAgo();
    const { code, out } = await latchkey(['keys', 'rotate', '--dir', keys, '--overlap', '30d']);
    expect(code).toBe(0);
    expect(out.split('\n')[0]).toBe(next.replace('next   ', 'current'));
    expect(out).toMatch(/\nretired +ES256 +[\w-]{43} +until \d{4}-/);
  });

  it('removes a stolen key at once', async () => {
    const [current = ''] = (await generate()).out.split('\n');
    const { code, out } = await latchkey(['keys', 'rotate', '--dir', keys, '--stolen']);
    expect([code, out.includes(current.split(/ +/)[2] ?? 'none')]).toEqual([0, false]);
  });

  it('never prints any part of a key', async () => {
    const said = [
      await generate(),
      await latchkey(['keys', 'list', '--dir', keys]),
      await tokenFor('--subject', 'ada'),
    ];
    const secrets = secretsIn(keys);
    expect(secrets).toHaveLength(2);
    for (const { out, err } of said) for (const secret of secrets) expect(out + err).not.toContain(secret);
  });

  it.each([
    [['keys'], /keys takes one of generate, rotate, list/],
    [['keys', 'delete'], /keys takes one of/],
    [['keys', 'list', '--directory', 'x'], /--directory is not an option/],
    [['keys', 'list', '--dri', 'x'], /did you mean --dir\?/],
    [['keys', 'generate', '--alg', 'none'], /--alg is none; there are HS256/],
    [['keys', 'rotate', '--overlap', '30'], /--overlap is 30; accepted is a time like 15m/],
    [['keys', 'list', 'everything'], /"everything" is one argument too many/],
    [['token', '--subject', 'ada'], /--issuer is required/],
    [['token', ...whom], /one of --subject and --client is required/],
    [['token', ...whom, '--subject', 'ada', '--client', 'batch'], /one of --subject and --client/],
    [['keyz'], /^Usage: latchkey/],
  ])('answers %j with the mistake, and exit code 2', async (args, sentence) => {
    await latchkey(['keys', 'generate']);
    const { code, out, err } = await latchkey(args);
    expect([code, out, err]).toEqual([2, '', expect.stringMatching(sentence)]);
  });

  it('prints the usage without arguments', async () => {
    expect(await latchkey([])).toMatchObject({ code: 0, out: expect.stringMatching(/^Usage: latchkey/) });
  });

  it('reports that there are no keys', async () => {
    expect(await latchkey(['keys', 'list'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/there are no keys yet/),
    });
  });
});

describe('latchkey token', () => {
  beforeEach(generate);

  it('prints a token that the application accepts, and nothing else', async () => {
    const { code, out, err } = await tokenFor(
      '--subject',
      'ada',
      '--scope',
      'grades:read grades:write',
      '--roles',
      'staff',
    );
    expect([code, out, err]).toEqual([0, expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+\n$/), '']);
    const inspected = await latchkey(['inspect', '--dir', keys, ...whom], { input: out });
    expect(inspected.out).toContain('verification: valid for user "ada" of https://accounts.example');
    expect(inspected.out).toContain('grades:write');
    expect(decodeJwt(out.trim())).toMatchObject({ client_id: 'https://accounts.example', sub: 'ada' });
  });

  it('prints the token of a client too', async () => {
    const { out } = await tokenFor('--client', 'batch', '--restricted');
    expect((await latchkey(['inspect', '--dir', keys, ...whom], { input: out })).out).toContain(
      'valid for client "batch"',
    );
  });

  it('refuses in production', async () => {
    const environment = { NODE_ENV: 'production' };
    const ran = await latchkey(['token', '--dir', keys, ...whom, '--subject', 'ada'], { environment });
    expect(ran).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/NODE_ENV is production/) });
  });
});

describe('latchkey inspect', () => {
  beforeEach(generate);

  it('shows header, claims and times, and never the signature', async () => {
    const token = (await tokenFor('--subject', 'ada')).out.trim();
    const { code, out, err } = await latchkey(['inspect', '--dir', keys, ...whom, token]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(
      /"typ": "at\+jwt"[\s\S]*"sub": "ada"[\s\S]*exp: \d{4}-\d\d-\d\dT[\s\S]*signature: 64 bytes, not shown/,
    );
    expect(out).not.toContain(token.split('.')[2]);
  });

  it('prints why a token is refused, with exit code 1', async () => {
    const token = (await tokenFor('--subject', 'ada')).out;
    const other = ['inspect', '--dir', keys, '--issuer', 'https://accounts.example', '--audience', 'other'];
    expect(await latchkey(other, { input: token })).toMatchObject({
      code: 1,
      out: expect.stringMatching(/verification: refused: invalid_audience\./),
    });
    const [header = '', payload = ''] = token.split('.');
    const forged = `${header}.${payload}.${'A'.repeat(86)}`;
    const ran = await latchkey(['inspect', '--dir', keys, ...whom], { input: forged });
    expect(ran).toMatchObject({ code: 1, out: expect.stringMatching(/refused: token_invalid\./) });
  });

  it('fetches the keys from a URL if one is given', async () => {
    const token = (await tokenFor('--subject', 'ada')).out;
    const { x, y, kid, kty, crv } = currentKey();
    const server = await endpoint.keyServer(endpoint.serve({ keys: [{ x, y, kid, kty, crv }] }));
    const { out } = await latchkey(['inspect', '--jwks', `${server.url}/jwks`, ...whom], { input: `Bearer ${token}` });
    expect(out).toContain('valid for user "ada"');
    await server.stop();
    const down = await latchkey(['inspect', '--jwks', `${server.url}/jwks`, ...whom], { input: token });
    expect(down).toMatchObject({ code: 1, out: expect.stringMatching(/refused: keys_unavailable\./) });
  });

  it('reports that no keys are named', async () => {
    const { out } = await latchkey(['inspect'], { input: (await tokenFor('--subject', 'ada')).out });
    expect(out).toContain('verification: not tried; name the keys with --dir or --jwks, or the issuer with --preset');
  });

  describe('with --preset', () => {
    const domain = 'example.eu.auth0.com';
    const audience = 'https://courses.example';
    let jwks: Record<string, unknown>;
    let privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
    let server: Awaited<ReturnType<typeof endpoint.keyServer>>;

    beforeAll(async () => {
      const pair = await generateKeyPair('RS256');
      ({ privateKey } = pair);
      jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }] };
      server = await endpoint.keyServer(endpoint.serve(jwks as never));
    });
    afterAll(() => server.stop());

    const sign = (days: number, typ = 'at+jwt') => {
      const iat = Math.floor(Date.now() / 1000) - 60;
      const claims = {
        iss: `https://${domain}/`,
        aud: audience,
        sub: 'auth0|secret-person',
        iat,
        exp: iat + days * 86_400,
      };
      return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k1', typ }).sign(privateKey);
    };
    const from = () => ['--domain', domain, '--jwks-uri', `${server.url}/jwks`, '--allow-loopback-http', 'true'];
    const by = (...more: readonly string[]) => ['inspect', '--preset', 'auth0', ...from(), ...more];
    const verificationOf = (out: string) => out.slice(out.indexOf('verification:'));

    it('applies the rules of the provider, and prints which one refused, never a value', async () => {
      const good = await latchkey(by('--audience', audience), { input: await sign(1) });
      expect(good).toMatchObject({ code: 0, out: expect.stringContaining('verification: valid for user') });
      const long = await latchkey(by('--audience', audience), { input: await sign(90) });
      expect(long.code).toBe(1);
      expect(verificationOf(long.out)).toMatch(
        /refused: invalid_claims\.[^]*reason: exp: must not .*\(option maxLifetime\)/,
      );
      const meant = await latchkey(by('--audience', 'https://other.example'), { input: await sign(1) });
      expect(verificationOf(meant.out)).toMatch(/refused: invalid_audience\./);
      const typed = await latchkey(by('--audience', audience), { input: await sign(1, 'dpop+jwt') });
      expect(verificationOf(typed.out)).toMatch(/refused: wrong_token_type\.[^]*reason: /);
      for (const { out } of [long, meant, typed]) expect(verificationOf(out)).not.toMatch(/secret-person|dpop/);
    });

    it('takes options of the preset, such as --max-lifetime', async () => {
      const ran = await latchkey(by('--audience', audience, '--max-lifetime', '100d'), { input: await sign(90) });
      expect(ran).toMatchObject({ code: 0, out: expect.stringContaining('verification: valid for user') });
    });

    it.each<[string, readonly string[], RegExp]>([
      ['a preset that does not exist', ['--preset', 'auht0'], /--preset is auht0; did you mean auth0\?/],
      ['an option without its value', ['--preset', 'auth0', '--domain', '--audience', 'x'], /--domain needs a value/],
      [
        'keys of another source',
        ['--preset', 'auth0', '--jwks', 'https://x.example'],
        /--jwks cannot stand beside --preset/,
      ],
      ['what the preset itself refuses', ['--preset', 'auth0', '--audience', 'x'], /auth0: domain is undefined/],
    ])('names %s', async (_, args, sentence) => {
      const ran = await latchkey(['inspect', ...args], { input: await sign(1) });
      expect(ran.code).toBeGreaterThan(0);
      expect(ran.err).toMatch(sentence);
    });
  });

  it('prints the rule that refused a token of our own issuer, and none of its values', async () => {
    const key = await importJWK(currentKey(), 'ES256');
    const iat = Math.floor(Date.now() / 1000);
    const claims = { iss: 'https://accounts.example', aud: 'courses', sub: 'secret-person', iat, exp: iat + 60 };
    const header = { alg: 'ES256', kid: currentKey()['kid'] ?? '', typ: 'at+jwt' };
    const token = await new SignJWT(claims).setProtectedHeader(header).sign(key);
    const { code, out } = await latchkey(['inspect', '--dir', keys, ...whom], { input: token });
    const verification = out.slice(out.indexOf('verification:'));
    expect(code).toBe(1);
    expect(verification).toMatch(/refused: missing_claim\.|refused: invalid_claims\./);
    expect(verification).toContain('reason: jti: is required');
    expect(verification).not.toContain('secret-person');
  });

  it('lets the author of a token write no control characters to the terminal', async () => {
    const hostile = `${part({ alg: 'ES256', kid: '\u001b[2J' })}.${part({ sub: 'ada\u009b2J\u202e' })}.AAAA`;
    const { out } = await latchkey(['inspect'], { input: hostile });
    expect(out).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
    expect(out).toContain('u{9b}');
  });

  it('explains the format of a token if the argument is not one', async () => {
    expect(await latchkey(['inspect'], { input: 'a.b' })).toMatchObject({
      code: 2,
      err: expect.stringMatching(/not a token/),
    });
  });
});
