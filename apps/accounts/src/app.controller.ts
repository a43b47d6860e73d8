import { Controller, Get } from '@nestjs/common';
import { CurrentUser, OptionalAuth, Public, RequireRoles } from 'nestjs-latchkey';

@Controller()
export class AppController {
  @Public()
  @Get('health')
  health() {
    return { status: 'ok' };
  }

  @Public()
  @Get('motto')
  motto() {
    return { motto: 'open to all' };
  }

  @OptionalAuth()
  @Get('hello')
  hello(@CurrentUser('username') username: string | undefined) {
    return { hello: username ?? 'stranger' };
  }

  @RequireRoles('staff')
  @Get('staff')
  staff(@CurrentUser('username') username: string) {
    return { staff: username };
  }
}
