import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { authentication } from './authentication.js';
import { CoursesModule } from './courses/courses.module.js';
import { readEnvironment } from './environment.js';
import { HealthController } from './health/health.controller.js';

@Module({
  imports: [ConfigModule.forRoot({ isGlobal: true, validate: readEnvironment }), authentication, CoursesModule],
  controllers: [HealthController],
})
export class AppModule {}
