// What an application is warned of when it starts: choices that give a defence up.
import { describe, expect, it } from '@jest/globals';
import { AuthModule, type AuthModuleOptions } from 'nestjs-latchkey';
import { SILENT, startApplication } from '../../support/applications.js';

async function warningsOf(options: AuthModuleOptions): Promise<readonly string[]> {
  const warnings: string[] = [];
  const log = { ...SILENT, warn: (text: string) => void warnings.push(text) };
  const { close } = await startApplication('express', { imports: [AuthModule.forRoot(options)], log });
  await close();
  return warnings;
}

describe('the warnings at boot', () => {
  it.each<[string, AuthModuleOptions, string]>([
    [
      'revoked tokens that are accepted while the store is down',
      { revocation: { onStoreError: 'allow' } },
      'revocation.onStoreError is allow: revoked tokens are accepted while the store does not answer.',
    ],
    [
      'tokens for other services that are accepted',
      { audience: false },
      'audience is false: tokens meant for other services are accepted here.',
    ],
  ])('name %s, and are silent if that was not chosen', async (_, options, warning) => {
    expect(await warningsOf(options)).toContain(warning);
    expect(await warningsOf({})).not.toContain(warning);
  });
});
