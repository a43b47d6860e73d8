import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { KnownAddress } from './known-address.entity.js';
import { KnownAddresses } from './known-addresses.js';
import { SignInLimits } from './sign-in-limits.js';
import { SignInThrottlerGuard } from './sign-in-throttler.guard.js';

/** Imported before authentication, so that it is asked first. */
@Module({
  imports: [TypeOrmModule.forFeature([KnownAddress])],
  providers: [KnownAddresses, SignInLimits, { provide: APP_GUARD, useClass: SignInThrottlerGuard }],
  exports: [KnownAddresses],
})
export class ThrottlingModule {}
