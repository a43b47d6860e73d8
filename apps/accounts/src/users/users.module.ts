import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DemoUsersService } from './demo-users.service.js';
import { PasswordsService } from './passwords.service.js';
import { User } from './user.entity.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';
import { VisibleUsers } from './visible-users.policy.js';

@Module({
  imports: [TypeOrmModule.forFeature([User])],
  controllers: [UsersController],
  providers: [VisibleUsers, UsersService, PasswordsService, DemoUsersService],
  exports: [UsersService, TypeOrmModule],
})
export class UsersModule {}
