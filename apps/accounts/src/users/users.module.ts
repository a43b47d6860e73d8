import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Passwords } from 'nestjs-latchkey/passwords';
import { ThrottlingModule } from '../throttling/throttling.module.js';
import { DemoUsersService } from './demo-users.service.js';
import { TotpService } from './totp.service.js';
import { User } from './user.entity.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';
import { VisibleUsers } from './visible-users.policy.js';

@Module({
  imports: [TypeOrmModule.forFeature([User]), ThrottlingModule],
  controllers: [UsersController],
  providers: [
    VisibleUsers,
    UsersService,
    TotpService,
    // argon2id, 19 MiB, two passes; two at a time. A cost that is too cheap is refused here.
    { provide: Passwords, useFactory: () => new Passwords() },
    DemoUsersService,
  ],
  exports: [UsersService, Passwords, TotpService, TypeOrmModule],
})
export class UsersModule {}
