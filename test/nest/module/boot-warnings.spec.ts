// What an application is warned of when it starts: choices that give a defence up.
import { Injectable } from '@nestjs/common';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  AuthConfigurationError,
  AuthModule,
  memoryStores,
  UserSource,
  type AuthModuleOptions,
  type AuthModuleStructure,
} from 'nestjs-latchkey';
import { ephemeralKeys } from 'nestjs-latchkey/keys';
import { SILENT, startApplication } from '../../support/applications.js';

@Injectable()
class Users extends UserSource<{ readonly id: string }> {
  override async findBySubject({ id }: { readonly id: string }) {
    return { id };
  }

  override describe({ id }: { readonly id: string }) {
    return { id, active: true };
  }
}

@Injectable()
class DevelopmentUsers extends Users {
  override readonly developmentOnly = 'accounts are in memory';
}

async function warningsOf(options: AuthModuleOptions & AuthModuleStructure): Promise<readonly string[]> {
  const warnings: string[] = [];
  const log = { ...SILENT, warn: (text: string) => void warnings.push(text) };
  const { close } = await startApplication('express', {
    imports: [AuthModule.forRoot(options)],
    providers: [Users, DevelopmentUsers],
    log,
  });
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

describe('users for development alone', () => {
  const before = process.env['NODE_ENV'];
  afterEach(() => void (process.env['NODE_ENV'] = before));

  const issuing = {
    issuer: 'https://auth.example',
    audience: 'shop',
    keys: ephemeralKeys(),
    stores: memoryStores(),
  };
  const refusal = 'users is DevelopmentUsers, which is refused with NODE_ENV=production: accounts are in memory';

  it('are named in a warning, and other users are not', async () => {
    expect(await warningsOf({ users: DevelopmentUsers })).toContain(`Development mode: ${refusal}`);
    expect((await warningsOf({ users: Users })).join()).not.toContain('which is refused');
  });

  it('stop the start in production, and other users do not', async () => {
    process.env['NODE_ENV'] = 'production';
    await expect(warningsOf({ ...issuing, users: Users })).resolves.toEqual([]);
    const refused = await warningsOf({ ...issuing, users: DevelopmentUsers }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(AuthConfigurationError);
    expect((refused as AuthConfigurationError).problems).toEqual([refusal]);
  });
});
