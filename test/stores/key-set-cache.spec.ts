import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { MemoryKeySetCache } from 'nestjs-latchkey';
import { KeySetEntity, TypeOrmKeySetCache } from 'nestjs-latchkey/typeorm';
import { keySetCacheContract } from 'nestjs-latchkey/testing';
import { DataSource } from 'typeorm';
import * as endpoint from '../support/key-server.js';
import { root } from '../support/repository.js';
import { temporaryFolder } from '../support/server.js';
import { openDataSource } from '../support/type-orm-suite.js';

const JWK = {
  kty: 'EC',
  crv: 'P-256',
  kid: 'one',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
};

describe('A key set cache in memory', () => {
  for (const { name, run } of keySetCacheContract) it(name, () => run(() => new MemoryKeySetCache()));
});

describe('A key set cache in SQL', () => {
  it('says at boot what is missing', async () => {
    const bare = await new DataSource({
      type: 'better-sqlite3',
      database: ':memory:',
      entities: [KeySetEntity],
    }).initialize();
    await expect(new TypeOrmKeySetCache(bare).checkReady()).rejects.toThrow(/latchkey_key_sets is missing/);
    await bare.destroy();
    const ready = await openDataSource({ type: 'better-sqlite3', database: ':memory:' });
    await expect(new TypeOrmKeySetCache(ready).checkReady()).resolves.toBeUndefined();
    await ready.destroy();
  });

  describe('shared by processes', () => {
    let server: endpoint.KeyServer;
    let folder: string;

    beforeEach(async () => {
      folder = temporaryFolder('key-sets');
      server = await endpoint.keyServer(endpoint.serve({ keys: [JWK] }));
      const made = await openDataSource({ type: 'better-sqlite3', database: join(folder, 'keys.sqlite') });
      await made.destroy();
    });

    afterEach(async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it('lets eight that start cold at the same moment make one fetch in all', async () => {
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => startCold(`${server.url}/jwks`, folder)));
      expect(outcomes).toEqual(Array.from({ length: 8 }, () => 'token_invalid'));
      expect(server.requests).toEqual(['/jwks']);
    }, 60_000);
  });
});

/** A process that verifies one token, and says which code it was refused with: the signature can only be judged with the key. */
async function startCold(address: string, folder: string): Promise<string> {
  const script = join(root, 'test/support/verify-once.js');
  const child = spawn(process.execPath, [script, address, join(folder, 'keys.sqlite')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += String(chunk);
  });
  await once(child, 'close');
  return said.trim();
}
