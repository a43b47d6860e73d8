import { ConfigService } from '@nestjs/config';
import { AuthModule } from 'nestjs-latchkey';
import type { Environment } from './environment.js';

/** This application issues nothing and has no users: it trusts what accounts signed, by the keys that accounts publishes. */
export const authentication = AuthModule.forRootAsync({
  inject: [ConfigService],
  useFactory: (config: ConfigService<Environment, true>) => {
    const accounts = config.get('ACCOUNTS_URL', { infer: true });
    return {
      trust: [
        {
          issuer: accounts,
          audience: 'courses',
          keys: { jwksUri: `${accounts}/.well-known/jwks.json`, allowLoopbackHttp: true },
        },
      ],
      errors: { unreadableBodies: 'all' as const },
    };
  },
});
