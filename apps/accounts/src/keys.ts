import { createPrivateKey, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The signing key of the directory, made at first boot. When several processes start at once, one of them makes it. */
export async function signingKey(directory: string): Promise<KeyObject> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'signing.pem');
  const made = `${path}.${randomUUID()}`;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(made, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  // A link appears whole or not at all, and only where there is none yet.
  await link(made, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(made);
  return createPrivateKey(await readFile(path));
}
