import { Controller, Get } from '@nestjs/common';
import { Public } from 'nestjs-latchkey';

@Public()
@Controller('health')
export class HealthController {
  @Get()
  health() {
    return { status: 'ok' };
  }
}
