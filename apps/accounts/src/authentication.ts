import { ConfigService } from '@nestjs/config';
import { AuthModule, SessionOrJwtGuard } from 'nestjs-latchkey';
import { keysFromDirectory } from 'nestjs-latchkey/keys';
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
import { inProduction, redisUrl, type Environment } from './environment.js';
import { REDIS } from './redis/redis.module.js';
import { UsersService } from './users/users.service.js';

/** Everything that this application asks of nestjs-latchkey. */
export const authentication = AuthModule.forRootAsync({
  users: UsersService,
  stores: redisUrl === undefined ? typeOrmStores() : redisStores({ inject: REDIS }),
  audit: { sink: typeOrmAuditSink() },
  controllers: [
    tokenController({ steps: true }),
    devicesController({ guard: SessionOrJwtGuard }),
    cookieController({ steps: true }),
    sessionController({ steps: true }),
    csrfController(),
    wellKnownController(),
  ],
  inject: [ConfigService],
  useFactory: (config: ConfigService<Environment, true>) => ({
    issuer: config.get('PUBLIC_URL'),
    // Tokens are made for this service and for the sample that only verifies.
    audience: ['accounts', 'courses'],
    keys: keysFromDirectory(config.get('KEYS_DIR'), { createIfMissing: true }),
    cookies: { secure: hasSecureCookies(config.get('PUBLIC_URL')) },
    session: {},
    loginUrl: '/',
    // The words of a body parser quote what was sent, which may be a password at any route.
    errors: { unreadableBodies: 'all' as const },
  }),
});

/**
 * Over https always. At http://localhost Chrome and Firefox take secure cookies too, Safari drops them: in development they go without,
 * under plain names, which any service on another port of this host can read and set. Never in production.
 */
function hasSecureCookies(publicUrl: string): boolean {
  return publicUrl.startsWith('https:') || (inProduction && /^http:\/\/localhost(:|$)/.test(publicUrl));
}
