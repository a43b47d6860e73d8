import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { PassportJwtModule } from 'nestjs-latchkey/passport';
import { AccountController } from './account.controller.js';
import { AppController } from './app.controller.js';
import { authentication } from './authentication.js';
import { CredentialController } from './credential.controller.js';
import { DatabaseModule } from './database/database.module.js';
import { DemonstrationsController } from './demonstrations.controller.js';
import { EmailModule } from './email/email.module.js';
import { ElsewhereModule } from './elsewhere/elsewhere.module.js';
import { externalProvider, readEnvironment } from './environment.js';
import { EventsController } from './events.controller.js';
import { LegacyController } from './legacy.controller.js';
import { MeController } from './me.controller.js';
import { PageController } from './page/page.controller.js';
import { PasswordChangeModule } from './password-change/password-change.module.js';
import { PasswordResetModule } from './password-reset/password-reset.module.js';
import { RedisModule } from './redis/redis.module.js';
import { StaffController } from './staff.controller.js';
import { ThrottlingModule } from './throttling/throttling.module.js';
import { UsersModule } from './users/users.module.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, validate: readEnvironment }),
    DatabaseModule,
    RedisModule,
    UsersModule,
    ThrottlingModule,
    authentication,
    PassportJwtModule,
    PasswordResetModule,
    PasswordChangeModule,
    EmailModule,
    ...(externalProvider === undefined ? [] : [ElsewhereModule]),
  ],
  controllers: [
    AppController,
    MeController,
    LegacyController,
    AccountController,
    CredentialController,
    EventsController,
    DemonstrationsController,
    StaffController,
    PageController,
  ],
})
export class AppModule {}
