import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { SignInAttempts } from './sign-in-attempts.js';
import { SignInThrottlerGuard } from './sign-in-throttler.guard.js';

const A_MINUTE = 60_000;

/** Imported before authentication, so that it is asked first. */
@Module({
  imports: [
    ThrottlerModule.forRoot({
      storage: new SignInAttempts(),
      setHeaders: false,
      throttlers: [
        { name: 'default', ttl: A_MINUTE, limit: 10 },
        // One password for many names.
        { name: 'address', ttl: A_MINUTE, limit: 300 },
      ],
    }),
  ],
  providers: [{ provide: APP_GUARD, useClass: SignInThrottlerGuard }],
})
export class ThrottlingModule {}
