import { ConfigService } from '@nestjs/config';
import { AuthModule } from 'nestjs-latchkey';
import { devicesController, tokenController } from 'nestjs-latchkey/controllers';
import { typeOrmStores } from 'nestjs-latchkey/typeorm';
import type { Environment } from './environment.js';
import { signingKey } from './keys.js';
import { UsersService } from './users/users.service.js';

/** Everything that this application asks of nestjs-latchkey. */
export const authentication = AuthModule.forRootAsync({
  users: UsersService,
  stores: typeOrmStores(),
  controllers: [tokenController(), devicesController()],
  inject: [ConfigService],
  useFactory: async (config: ConfigService<Environment, true>) => ({
    issuer: config.get('PUBLIC_URL'),
    // Tokens are made for this service and for the sample that only verifies.
    audience: ['accounts', 'courses'],
    keys: await signingKey(config.get('KEYS_DIR')),
  }),
});
