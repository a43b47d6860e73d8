import { Controller, Get, Header, UseGuards } from '@nestjs/common';
import { RequireRoles, SessionOrJwtGuard } from 'nestjs-latchkey';
import { RouteAudit } from 'nestjs-latchkey/policies';

/** For staff: what each route of this application demands, as `npx latchkey routes` prints it. */
@RequireRoles('staff')
@UseGuards(SessionOrJwtGuard)
@Controller('staff/routes')
export class StaffController {
  constructor(private readonly audit: RouteAudit) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  routes() {
    return this.audit.list();
  }
}
