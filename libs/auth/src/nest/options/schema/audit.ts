// The audit trail: what can be asked of it.
import type { AuditSinkFactory } from '../../../core/audit/audit.js';
import { group } from '../../../core/base/option-group.js';
import { flag, isGroup, value } from '../../../core/base/option-kinds.js';

/** Keeping what happened. */
export interface AuditOptions {
  /**
   * Where the trail is written: `typeOrmAuditSink()`, or a sink of your own as `{ inject, useFactory }`. Inject it as `AuditSink` to
   * read.
   */
  readonly sink: AuditSinkFactory;
  /** True records sign-in, refresh and revocation before they take effect, or refuses them with 503. @defaultValue false */
  readonly required?: boolean;
}

const SINK = 'typeOrmAuditSink(), or a sink of your own as { inject, useFactory }';

export const audit = group<AuditOptions>()({
  summary: 'the audit trail: [observability](observability.md)',
  otherwise: 'none',
  options: {
    sink: value<AuditSinkFactory>({
      accepts: SINK,
      holds: isGroup,
      shows: 'kind',
      refused: 'log',
      required: SINK,
      summary: 'where it is kept; inject it as `AuditSink` to read',
    }),
    required: flag({
      default: false,
      summary: 'records sign-in, refresh and revocation before they take effect, or refuses them with 503',
    }),
  },
});
