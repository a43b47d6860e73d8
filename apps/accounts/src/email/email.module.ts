import { Module } from '@nestjs/common';
import { Outbox } from '../mail/outbox.js';
import { UsersModule } from '../users/users.module.js';
import { EmailController } from './email.controller.js';
import { EmailService } from './email.service.js';

@Module({
  imports: [UsersModule],
  controllers: [EmailController],
  providers: [EmailService, Outbox],
})
export class EmailModule {}
