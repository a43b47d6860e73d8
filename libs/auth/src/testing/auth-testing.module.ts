// The module as tests want it: nothing outside the process, and a clock that stands still.
import { Module, type DynamicModule } from '@nestjs/common';
import { Clock, memoryStores, type AuthModuleOptions, type AuthModuleStructure, AuthModule } from '../index.js';
import { tokenIn, RAW_STORES } from '../nest/internal.js';
import { FixedClock } from './fixed-clock.js';

/** What {@link AuthTestingModule.override} needs of the builder that `Test.createTestingModule()` returns. */
export interface OverridableBuilder {
  overrideProvider(token: unknown): { useValue(value: unknown): unknown };
}

/**
 * `AuthModule` for tests: a key made on the spot, stores in memory, and a {@link FixedClock}.
 *
 * @example
 * ```ts
 * import { Module } from '@nestjs/common';
 * import { AuthTestingModule, FixedClock } from 'nestjs-latchkey/testing';
 *
 * const clock = new FixedClock();
 *
 * @Module({ imports: [AuthTestingModule.forRoot({ clock })] })
 * export class TestModule {}
 * ```
 */
@Module({})
export class AuthTestingModule {
  /** Takes every option of `AuthModule.forRoot()`; what is not given is as described above. */
  static forRoot(options: AuthModuleOptions & AuthModuleStructure = {}): DynamicModule {
    return AuthModule.forRoot({ clock: new FixedClock(), stores: memoryStores(), ...options });
  }

  /**
   * Puts a fixed clock and stores in memory into an application's own module. Everything else stays as the application has it.
   *
   * @param configuration the name of one of several configurations @defaultValue the one without a name
   * @example
   * ```ts
   * import { Module } from '@nestjs/common';
   * import { Test } from '@nestjs/testing';
   * import { AuthModule } from 'nestjs-latchkey';
   * import { AuthTestingModule } from 'nestjs-latchkey/testing';
   *
   * @Module({ imports: [AuthModule.forRoot()] })
   * class AppModule {}
   *
   * export async function start() {
   *   const builder = Test.createTestingModule({ imports: [AppModule] });
   *   const clock = AuthTestingModule.override(builder);
   *   const app = (await builder.compile()).createNestApplication();
   *   return { app, clock };
   * }
   * ```
   */
  static override(builder: OverridableBuilder, clock = new FixedClock(), configuration?: string): FixedClock {
    builder.overrideProvider(tokenIn(configuration, Clock)).useValue(clock);
    builder.overrideProvider(tokenIn(configuration, RAW_STORES)).useValue(memoryStores().useFactory(clock));
    return clock;
  }
}
