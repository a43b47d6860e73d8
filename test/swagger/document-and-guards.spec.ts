// What the document says about a route is what the guards do when the route is called.
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthModule, TokenService } from 'nestjs-latchkey';
import { describeAuth } from 'nestjs-latchkey/swagger';
import { ADAPTERS, startApplication, type RunningApplication } from '../support/applications.js';
import {
  configure,
  controllers,
  documentedOperations,
  ownSchemes,
  promise,
  PanelScheme,
  type DocumentedOperation,
} from '../support/openapi.js';

/** Every way of sending each kind of credential or not. The other guards of this application always pass. */
const PARTS = ['bearer', 'api-key', 'panel', 'panel-intent'] as const;
const COMBINATIONS = Array.from({ length: 2 ** PARTS.length }, (_, bits) =>
  PARTS.filter((_part, index) => (bits & (1 << index)) !== 0),
);
const FOREIGN = ['tenant', 'signature'];

describe.each(ADAPTERS)('the OpenAPI document on %s', (adapter) => {
  let running: RunningApplication;
  let document: OpenAPIObject;
  let headers: Record<string, Record<string, string>>;

  beforeAll(async () => {
    running = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ schemes: ownSchemes })],
      controllers,
      providers: [PanelScheme],
      configure,
    });
    const config = new DocumentBuilder().setOpenAPIVersion('3.1.0').build();
    document = describeAuth(running.app, () => SwaggerModule.createDocument(running.app, config));
    const { accessToken } = await running.app.get(TokenService).issue('user-1', { scopes: ['grades:write'] });
    headers = {
      bearer: { authorization: `Bearer ${accessToken}` },
      'api-key': { 'x-api-key': 'good' },
      panel: { cookie: 'panel=good' },
      'panel-intent': { 'x-intent': 'good' },
    };
  });
  afterAll(() => running.close());

  async function isLetIn({ method, path }: DocumentedOperation, parts: readonly string[]): Promise<boolean> {
    const sent = Object.assign({}, ...parts.map((part) => headers[part])) as Record<string, string>;
    const { status } = await running.fetch(path.replace('{id}', '1'), { method: method.toUpperCase(), headers: sent });
    expect([path, [200, 201, 401, 403].includes(status)]).toEqual([path, true]);
    return status < 400;
  }

  it('agrees with the guards, route by route and credential by credential', async () => {
    const operations = documentedOperations(document);
    expect(operations.length).toBeGreaterThan(40);
    for (const operation of operations) {
      for (const parts of COMBINATIONS) {
        const promised = promise(operation.security, parts, FOREIGN);
        if (promised === 'nothing') continue;
        const said = [operation.method, operation.path, parts.join('+')];
        expect([...said, await isLetIn(operation, parts)]).toEqual([...said, promised === 'let in']);
      }
    }
  }, 60_000);
});
