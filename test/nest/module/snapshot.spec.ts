// The graph that Nest DevTools show of an application.
import { Controller, Get, Module, UseGuards, type INestApplication } from '@nestjs/common';
import { NestFactory, SerializedGraph } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AuthGuardFor, AuthModule, memoryStores } from 'nestjs-latchkey';
import { devicesController, wellKnownController } from 'nestjs-latchkey/controllers';
import { ADAPTERS, type AdapterName } from '../../support/applications.js';
import { People } from '../../support/sample-users.js';

interface GraphNode {
  readonly id: string;
  readonly label: string;
  readonly parent?: string;
  readonly metadata: { readonly type: string };
}

@UseGuards(AuthGuardFor('bearer'))
@Controller('courses')
class CoursesController {
  @Get()
  list() {
    return ['algebra'];
  }
}

const auth = AuthModule.forRoot({
  users: People,
  stores: memoryStores(),
  controllers: [devicesController(), wellKnownController()],
});

@Module({ imports: [auth], controllers: [CoursesController], providers: [People] })
class AppModule {}

/** A class, a symbol of the library, what Nest makes of `APP_GUARD`, or a guard with the schemes that it accepts. */
const NAME = /^(?:[A-Z]\w+|Symbol\(nestjs-latchkey:[\w:-]+\)|APP_[A-Z]+ \(UUID: -?\d+\)|AuthGuardFor\([\w, -]+\))$/;

let app: INestApplication | undefined;

afterEach(async () => app?.close());

/** What the application writes of itself, once it serves. */
async function graphOn(adapter: AdapterName): Promise<string> {
  const http = adapter === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
  app = await NestFactory.create(AppModule, http, { snapshot: true, logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  expect((await fetch(`${await app.getUrl()}/courses`)).status).toBe(401);
  return app.get(SerializedGraph).toString();
}

describe.each(ADAPTERS)('the snapshot of an application on %s', (adapter) => {
  it('is complete, and names each provider, controller and guard', async () => {
    const graph = JSON.parse(await graphOn(adapter)) as { status: string; nodes: Record<string, GraphNode> };
    expect(graph.status).toBe('complete');
    const nodes = Object.values(graph.nodes);
    const module = nodes.find(({ label, metadata }) => label === 'AuthModule' && metadata.type === 'module');
    const labels = nodes.filter(({ parent }) => parent === module?.id).map(({ label }) => label);
    expect(labels).toEqual(expect.arrayContaining(['TokenService', 'DevicesController', 'WellKnownController']));
    expect(nodes.map(({ label }) => label)).toContain('AuthGuardFor(bearer)');
    expect(nodes.map(({ label }) => label).filter((label) => !NAME.test(label))).toEqual([]);
  });
});
