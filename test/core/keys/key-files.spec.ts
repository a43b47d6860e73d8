// Keys in a directory: made by one process of many, followed while a command rotates them.
import { promises as fs } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { generatePrivateJwk } from '../../../libs/auth/src/core/keys/key-import.js';
import {
  generateKeyFile,
  keysFromDirectory,
  listKeyFiles,
  rotateKeyFiles,
} from '../../../libs/auth/src/core/keys/key-files.js';
import { KeyRing } from '../../../libs/auth/src/core/keys/key-ring.js';
import { signJws } from '../../../libs/auth/src/core/tokens/jws.js';
import { ownAccessProfile } from '../../../libs/auth/src/core/tokens/profiles.js';
import { TokenVerifier } from '../../../libs/auth/src/core/tokens/token-verifier.js';
import { accessClaims, AUDIENCE, ISSUER, LIFETIME, NOW, TOLERANCE, verdictOf } from '../support/token-forgery.js';
import { ManualClock } from '../../support/clocks.js';

const OVERLAP = LIFETIME + TOLERANCE;
const folders: string[] = [];
let path: string;
let clock: ManualClock;

beforeEach(async () => {
  const folder = await fs.mkdtemp(join(tmpdir(), 'latchkey-keys-'));
  folders.push(folder);
  path = join(folder, 'keys');
  clock = new ManualClock(NOW * 1_000);
});

afterAll(() => Promise.all(folders.map((folder) => fs.rm(folder, { recursive: true }))));

const rotate = (options: object = {}) => rotateKeyFiles(path, { overlapSeconds: OVERLAP, clock, ...options });
const states = async () => (await listKeyFiles(path)).map(({ kid, state }) => `${state} ${kid}`);
const kidOf = async (state: string) => (await listKeyFiles(path)).find((key) => key.state === state)?.kid;
const modeOf = async (file: string) => ((await fs.stat(join(path, file))).mode & 0o777).toString(8);
const openRing = () =>
  KeyRing.open({
    source: keysFromDirectory(path, { createIfMissing: true, clock, pollSeconds: 0.02 }),
    clock,
    overlapSeconds: OVERLAP,
  });

describe('a directory of keys', () => {
  it('is made with a current and a next key, which only the owner can read', async () => {
    const keys = await generateKeyFile(path, { clock });
    expect(keys.map(({ state, alg }) => [state, alg])).toEqual([
      ['current', 'ES256'],
      ['next', 'ES256'],
    ]);
    expect(await modeOf('.')).toBe('700');
    const files = await fs.readdir(path);
    expect(files.toSorted()).toEqual([...keys.map(({ file }) => file), 'ring.json'].toSorted());
    for (const file of files) expect(await modeOf(file)).toBe('600');
  });

  it('is never overwritten', async () => {
    await generateKeyFile(path, { clock });
    const before = await states();
    await expect(generateKeyFile(path, { clock })).rejects.toThrow('holds keys already; rotate them instead');
    expect(await states()).toEqual(before);
    expect(await fs.readdir(path)).toHaveLength(3);
  });

  it('is created by one process alone when many start at once', async () => {
    const sources = Array.from({ length: 20 }, () => keysFromDirectory(path, { createIfMissing: true, clock }));
    const [first, ...others] = await Promise.all(sources.map((source) => source.load()));
    for (const other of others) expect(other).toEqual(first);
    expect(await fs.readdir(path)).toHaveLength(3);
  });

  it('can be created in an existing folder, too', async () => {
    await fs.mkdir(path);
    const ring = await openRing();
    expect(ring.signingKey.alg).toBe('ES256');
    ring.close();
  });

  it('is named as missing unless it may be created', async () => {
    await expect(keysFromDirectory(path).load()).rejects.toThrow('ring.json is missing: there are no keys yet');
    await expect(listKeyFiles(path)).rejects.toThrow('is missing');
    await expect(rotate()).rejects.toThrow();
  });

  it('holds keys of any algorithm, as JWK or PEM', async () => {
    await generateKeyFile(path, { alg: 'RS256', clock });
    expect((await listKeyFiles(path)).map(({ alg }) => alg)).toEqual(['RS256', 'RS256']);
    const { createPrivateKey } = await import('node:crypto');
    const jwk = await generatePrivateJwk('EdDSA');
    const pem = createPrivateKey({ key: { ...jwk }, format: 'jwk' }).export({ type: 'pkcs8', format: 'pem' });
    await fs.writeFile(join(path, 'mine.pem'), pem);
    await fs.writeFile(join(path, 'ring.json'), '{"current":"mine.pem","retired":[]}');
    expect(await listKeyFiles(path)).toEqual([
      { file: 'mine.pem', kid: jwk.kid, alg: 'EdDSA', state: 'current', until: undefined },
    ]);
  });

  it.each([
    '',
    '[]',
    '{}',
    '{"current":"a.json"}',
    '{"current":"../a.json","retired":[]}',
    '{"current":"/etc/passwd","retired":[]}',
    '{"current":".hidden","retired":[]}',
    '{"current":"a.json","next":1,"retired":[]}',
    '{"current":"a.json","nextSince":"now","retired":[]}',
    '{"current":"a.json","retired":[{"file":"b.json"}]}',
    '{"current":"a.json","retired":[null]}',
  ])('is refused with the ring %j', async (text) => {
    await fs.mkdir(path);
    await fs.writeFile(join(path, 'ring.json'), text);
    await expect(keysFromDirectory(path, { createIfMissing: true }).load()).rejects.toThrow(
      'does not name a current, a next and retired key files',
    );
  });

  it('is refused when a file is missing', async () => {
    await generateKeyFile(path, { clock });
    const [current] = await listKeyFiles(path);
    await fs.rm(join(path, String(current?.file)));
    await expect(keysFromDirectory(path).load()).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('a rotation of files', () => {
  it('makes the next key current, retires the current one, and publishes a new next one', async () => {
    await generateKeyFile(path, { clock });
    const [one, two] = [await kidOf('current'), await kidOf('next')];
    clock.seconds += 600;
    const keys = await rotate();
    expect(keys.map(({ state }) => state)).toEqual(['current', 'next', 'retired']);
    expect(await kidOf('current')).toBe(two);
    expect(keys[2]).toMatchObject({ kid: one, until: NOW + 600 + OVERLAP + 60 });
    for (const { file } of keys) expect(await modeOf(file)).toBe('600');
  });

  it('waits until every process knows the next key', async () => {
    await generateKeyFile(path, { clock });
    clock.seconds += 599;
    const before = await states();
    await expect(rotate()).rejects.toThrow('the next key is too new: others may not know it yet; rotate in 1 seconds');
    expect(await states()).toEqual(before);
    clock.seconds += 1;
    await expect(rotate()).resolves.toHaveLength(3);
  });

  it('keeps a retired key until its tokens have expired, then deletes its file', async () => {
    await generateKeyFile(path, { clock });
    clock.seconds += 600;
    const one = (await rotate())[2]?.file;
    clock.seconds += OVERLAP + 59;
    expect((await rotate()).map(({ file }) => file)).toContain(one);
    clock.seconds += 600;
    expect((await rotate()).map(({ file }) => file)).not.toContain(one);
    expect(await fs.readdir(path)).not.toContain(one);
    expect(await fs.readdir(path)).toHaveLength(5);
  });

  it('publishes a next key first if there is none', async () => {
    await generateKeyFile(path, { clock });
    const [current] = await listKeyFiles(path);
    await fs.writeFile(join(path, 'ring.json'), JSON.stringify({ current: current?.file, retired: [] }));
    expect((await rotate()).map(({ state }) => state)).toEqual(['current', 'next']);
    expect(await kidOf('current')).toBe(current?.kid);
    await expect(rotate()).rejects.toThrow('too new');
  });

  it('removes a stolen key at once', async () => {
    const ring = await openRing();
    const stolen = ring.signingKey.kid;
    await rotate({ stolen: true });
    expect(await states()).not.toContain(`retired ${stolen}`);
    expect(await ring.reload()).toBe(true);
    expect(ring.publicJwks().keys.map(({ kid }) => kid)).not.toContain(stolen);
    await fs.writeFile(
      join(path, 'ring.json'),
      JSON.stringify({ current: (await listKeyFiles(path))[0]?.file, retired: [] }),
    );
    expect((await rotate({ stolen: true })).map(({ state }) => state)).toEqual(['current']);
    ring.close();
  });

  it('may change the algorithm', async () => {
    await generateKeyFile(path, { clock });
    clock.seconds += 600;
    expect((await rotate({ alg: 'EdDSA' })).map(({ alg }) => alg)).toEqual(['ES256', 'EdDSA', 'ES256']);
  });

  it('is done by one process at a time, and leaves no lock file', async () => {
    await generateKeyFile(path, { clock });
    clock.seconds += 600;
    const outcomes = await Promise.allSettled([rotate(), rotate(), rotate()]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await fs.readdir(path)).not.toContain('ring.lock');
    await fs.writeFile(join(path, 'ring.lock'), '');
    await expect(rotate()).rejects.toThrow('are being changed by another process; delete');
  });

  it('is picked up by a running process without a restart, and refuses no valid token meanwhile', async () => {
    const ring = await openRing();
    const profile = ownAccessProfile({
      issuer: ISSUER,
      audience: AUDIENCE,
      algorithms: ring.algorithms,
      toleranceSeconds: TOLERANCE,
      maxLifetimeSeconds: LIFETIME,
    });
    const verifier = new TokenVerifier({
      issuers: [{ issuer: ISSUER, keys: ring, profiles: { access: profile } }],
      clock,
    });
    const token = await signJws(
      { typ: 'at+jwt' },
      accessClaims({ iat: NOW + 600, exp: NOW + 600 + LIFETIME }),
      ring.signingKey,
    );
    clock.seconds += 600;
    const before = ring.signingKey.kid;
    await rotate();
    while (ring.signingKey.kid === before) await new Promise((resolve) => setImmediate(resolve));
    expect(ring.signingKey.kid).toBe(await kidOf('current'));
    expect(await verdictOf(verifier.verify(token, 'access'))).toBe('OK');
    ring.close();
  });
});
