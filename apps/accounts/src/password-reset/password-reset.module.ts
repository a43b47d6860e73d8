import { Module } from '@nestjs/common';
import { Outbox } from '../mail/outbox.js';
import { ThrottlingModule } from '../throttling/throttling.module.js';
import { UsersModule } from '../users/users.module.js';
import { PasswordResetController } from './password-reset.controller.js';
import { PasswordResetService } from './password-reset.service.js';

@Module({
  imports: [UsersModule, ThrottlingModule],
  controllers: [PasswordResetController],
  providers: [PasswordResetService, Outbox],
})
export class PasswordResetModule {}
