// A compiled program, as `latchkey doctor` is given one: its users are in memory, and what it prints must not disturb the answer.
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthModule, UserSource } from 'nestjs-latchkey';

class MemoryUsers extends UserSource {
  /** @override */
  developmentOnly = 'accounts are in memory';

  /** @override */
  async findBySubject() {
    return undefined;
  }

  /** @override @returns {never} */
  describe() {
    throw new Error('there are no users');
  }
}
Injectable()(MemoryUsers);

class Program {
  // As an application that ends its process by itself, and says so.
  onModuleDestroy() {
    process.stdout.write('noise at the end\n');
    process.exit(0);
  }
}
Module({
  imports: [
    AuthModule.forRoot({
      users: MemoryUsers,
      issuer: 'https://auth.example',
      audience: false,
      trust: [
        { issuer: 'https://id.example', audience: 'shop', keys: { jwksUri: 'https://id.example/keys?key=hidden' } },
      ],
    }),
  ],
  providers: [MemoryUsers],
})(Program);

process.stdout.write('noise\n');
if (process.env['ENDS'] === 'early') process.exit(0);
const app = await NestFactory.create(Program);
app.useLogger(['log', 'warn']);
await app.listen(Number(process.env['PORT'] ?? 0));
process.stdout.write('LISTENING\n');
