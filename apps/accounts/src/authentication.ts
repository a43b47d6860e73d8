import { ConfigService } from '@nestjs/config';
import { AuthModule, keysFromDirectory, SessionOrJwtGuard } from 'nestjs-latchkey';
import {
  cookieController,
  csrfController,
  devicesController,
  sessionController,
  tokenController,
  wellKnownController,
} from 'nestjs-latchkey/controllers';
import { redisStores } from 'nestjs-latchkey/redis';
import { typeOrmAuditSink, typeOrmStores } from 'nestjs-latchkey/typeorm';
import { redisUrl, type Environment } from './environment.js';
import { REDIS } from './redis/redis.module.js';
import { UsersService } from './users/users.service.js';

/** Everything that this application asks of nestjs-latchkey. */
export const authentication = AuthModule.forRootAsync({
  users: UsersService,
  stores: redisUrl === undefined ? typeOrmStores() : redisStores({ inject: REDIS }),
  audit: { sink: typeOrmAuditSink() },
  controllers: [
    tokenController(),
    devicesController({ guard: SessionOrJwtGuard }),
    cookieController(),
    sessionController(),
    csrfController(),
    wellKnownController(),
  ],
  inject: [ConfigService],
  useFactory: (config: ConfigService<Environment, true>) => ({
    issuer: config.get('PUBLIC_URL'),
    // Tokens are made for this service and for the sample that only verifies.
    audience: ['accounts', 'courses'],
    keys: keysFromDirectory(config.get('KEYS_DIR'), { createIfMissing: true }),
    // Browsers take secure cookies over https, and from this very machine.
    cookies: { secure: /^https:|^http:\/\/localhost(:|$)/.test(config.get('PUBLIC_URL')) },
    session: {},
    loginUrl: '/',
  }),
});
