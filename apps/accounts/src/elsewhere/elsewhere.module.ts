import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { UsersModule } from '../users/users.module.js';
import { ElsewhereController } from './elsewhere.controller.js';
import { ExternalAccount } from './external-account.entity.js';
import { ExternalAccounts } from './external-accounts.js';
import { ExternalProvider } from './external-provider.js';

/** Imported only if a provider is configured. */
@Module({
  imports: [UsersModule, TypeOrmModule.forFeature([ExternalAccount])],
  controllers: [ElsewhereController],
  providers: [ExternalProvider, ExternalAccounts],
})
export class ElsewhereModule {}
