import { describe, it } from '@jest/globals';
import { MemoryAuditSink } from 'nestjs-latchkey/events';
import { auditSinkContract } from 'nestjs-latchkey/testing';

describe('the audit sink in memory', () => {
  for (const { name, run } of auditSinkContract) it(name, () => run(() => new MemoryAuditSink()));
});
