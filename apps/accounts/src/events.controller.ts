import { Controller, Get, Header, UseGuards } from '@nestjs/common';
import { CurrentPrincipal, SessionOrJwtGuard, type Principal } from 'nestjs-latchkey';
import { AuditSink } from 'nestjs-latchkey/events';

const SHOWN = 20;

/** The audit trail of the caller's own account. */
@UseGuards(SessionOrJwtGuard)
@Controller('auth/events')
export class EventsController {
  constructor(private readonly trail: AuditSink) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  async events(@CurrentPrincipal() { subject, sid }: Principal) {
    const entries = await this.trail.list(subject, SHOWN);
    return entries.map((entry) => ({
      type: entry.type,
      at: new Date(entry.atMs),
      device: entry.sid,
      current: sid !== undefined && entry.sid === sid,
    }));
  }
}
