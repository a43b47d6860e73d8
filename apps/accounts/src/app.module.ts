import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { APP_FILTER } from '@nestjs/core';
import { AppController } from './app.controller.js';
import { authentication } from './authentication.js';
import { DatabaseModule } from './database/database.module.js';
import { readEnvironment } from './environment.js';
import { MeController } from './me.controller.js';
import { UnreadableBodyFilter } from './unreadable-body.filter.js';
import { ThrottlingModule } from './throttling/throttling.module.js';
import { UsersModule } from './users/users.module.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, validate: readEnvironment }),
    DatabaseModule,
    UsersModule,
    ThrottlingModule,
    authentication,
  ],
  controllers: [AppController, MeController],
  providers: [{ provide: APP_FILTER, useClass: UnreadableBodyFilter }],
})
export class AppModule {}
