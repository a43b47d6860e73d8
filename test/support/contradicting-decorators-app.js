// A compiled application, as `latchkey routes` is given one: two statements fight, and a provider must never be made.
import 'reflect-metadata';
import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { AuthModule, Public, RequireRoles } from 'nestjs-latchkey';

class TroubleController {
  trouble() {}
}
Get('path')(
  TroubleController.prototype,
  'trouble',
  Object.getOwnPropertyDescriptor(TroubleController.prototype, 'trouble') ?? {},
);
for (const decorate of [RequireRoles('staff'), Public(), Controller('trouble')]) decorate(TroubleController);

class Explosive {
  constructor() {
    throw new Error('a provider was made');
  }
}
Injectable()(Explosive);

export class AppModule {}
Module({
  imports: [AuthModule.forRoot({ strictRoutes: true })],
  controllers: [TroubleController],
  providers: [Explosive],
})(AppModule);

export class BareModule {}
Module({ controllers: [TroubleController] })(BareModule);
