// How the audit trail comes into an application: the sink that the structure names, and who writes to it.
import { Injectable, Inject, type OnModuleInit, type Provider, type Type } from '@nestjs/common';
import { AuditSink } from '../../core/audit/audit.js';
import { AuditTrail } from '../../core/audit/audit-trail.js';
import { Clock } from '../../core/base/clock.js';
import { isChecked } from '../../core/stores/stores.js';
import { channelSink, EventSink } from '../../core/base/event-sink.js';
import type { AuthModuleStructure } from '../options/auth.options.js';
import { factoryProvider } from './factory-provider.js';
import { AUTH_STRUCTURE } from '../options/injection-tokens.js';

const OPTIONAL_SINK = Symbol.for('nestjs-latchkey:audit-sink');

type MaybeSink = AuditSink | null | undefined;

/** A sink whose table is missing is found at boot. */
@Injectable()
export class AuditBoot implements OnModuleInit {
  // Nest hands out `undefined` in place of a `null` value.
  @Inject(OPTIONAL_SINK) private readonly sink: MaybeSink;

  async onModuleInit(): Promise<void> {
    if (this.sink && isChecked(this.sink)) await this.sink.checkReady();
  }
}

/** The sink under its port where there is one, and whoever hears of what services do. */
export function auditProviders({ audit }: AuthModuleStructure): Provider[] {
  const sink: Provider =
    audit === undefined
      ? { provide: OPTIONAL_SINK, useValue: null }
      : {
          provide: OPTIONAL_SINK,
          inject: [...((audit.sink.inject ?? []) as Type<unknown>[])],
          useFactory: (...injected: readonly unknown[]) => audit.sink.useFactory(...injected),
        };
  return [
    sink,
    ...(audit === undefined ? [] : [{ provide: AuditSink, useExisting: OPTIONAL_SINK }]),
    factoryProvider(
      EventSink,
      [OPTIONAL_SINK, Clock, AUTH_STRUCTURE],
      (kept: MaybeSink, clock: Clock, structure: AuthModuleStructure) =>
        kept ? new AuditTrail(kept, clock, { required: structure.audit?.required }) : channelSink,
    ),
    AuditBoot,
  ];
}
