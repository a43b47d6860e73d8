import { Body, Controller, Get, Param, Post, UseGuards, ValidationPipe } from '@nestjs/common';
import {
  AllowClients,
  AllowRestrictedClients,
  CurrentPrincipal,
  JwtAuthGuard,
  Public,
  RequireScopes,
  type Principal,
} from 'nestjs-latchkey';
import { CoursesService } from './courses.service.js';
import { GradeDto } from './grade.dto.js';

@UseGuards(JwtAuthGuard)
@Controller('courses')
export class CoursesController {
  constructor(private readonly courses: CoursesService) {}

  @Public()
  @Get()
  findAll() {
    return this.courses.findAll();
  }

  @Get(':id')
  findOne(@Param('id') id: string, @CurrentPrincipal() { subject }: Principal) {
    return { ...this.courses.findOne(id), reader: subject.id };
  }

  // Clients may enter grades too, and restricted clients that were granted only this.
  @RequireScopes('grades:write')
  @AllowClients()
  @AllowRestrictedClients()
  @Post(':id/grades')
  addGrade(
    @Param('id') id: string,
    @Body(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true })) { student, grade }: GradeDto,
    @CurrentPrincipal() { subject }: Principal,
  ) {
    return this.courses.addGrade(id, { student, grade, by: `${subject.issuer}#${subject.id}` });
  }
}
