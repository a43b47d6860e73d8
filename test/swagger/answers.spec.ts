// The documented responses of the token routes, compared with the real ones.
import { afterEach, describe, expect, it } from '@jest/globals';
import { ApiProperty, DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { devicesController, tokenController, type MountableTokenController } from 'nestjs-latchkey/controllers';
import { describeAuth } from 'nestjs-latchkey/swagger';
import { PASSWORD, startRecordingApp, type RecordingApp } from '../support/recording-app.js';

class Pair {
  @ApiProperty() readonly token!: string;
  @ApiProperty() readonly seconds!: number;
}

const open: RecordingApp[] = [];

afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

async function start(recipe: MountableTokenController) {
  const app = await startRecordingApp('fastify', { structure: { controllers: [recipe] } });
  open.push(app);
  const config = new DocumentBuilder().setOpenAPIVersion('3.1.0').build();
  const document = describeAuth(app.app, () => SwaggerModule.createDocument(app.app, config));
  const answer = await app.post('/auth/token', { username: 'ada', password: PASSWORD });
  return { document, answered: Object.keys((await answer.json()) as object).sort() };
}

function schemaAt({ paths }: OpenAPIObject, path: string): unknown {
  const response = paths[path]?.post?.responses['200'];
  return response !== undefined && 'content' in response ? response.content?.['application/json']?.schema : undefined;
}

const shortened = tokenController({
  response: Pair,
  toResponse: ({ accessToken, expiresIn }) => ({ token: accessToken, seconds: expiresIn }),
});

describe('The answer of the token routes in the document', () => {
  it('is the class given beside toResponse', async () => {
    const { document, answered } = await start(shortened);
    const reference = { $ref: '#/components/schemas/Pair' };
    expect([schemaAt(document, '/auth/token'), schemaAt(document, '/auth/token/refresh')]).toEqual([
      reference,
      reference,
    ]);
    const pair = document.components?.schemas?.['Pair'];
    expect(
      Object.keys((pair !== undefined && 'properties' in pair ? pair.properties : undefined) ?? {}).sort(),
    ).toEqual(answered);
  });

  it('is not described for a toResponse without a class', async () => {
    const { document } = await start(tokenController({ toResponse: () => ({ other: true }) }));
    expect(schemaAt(document, '/auth/token')).toBeUndefined();
  });

  it('is not described if a subclass answers differently, and still is elsewhere', async () => {
    const recipe = tokenController();
    class Tokens extends recipe.controller {
      protected override async signIn(): Promise<unknown> {
        return { challenge: 'enter the code' };
      }
    }
    const { document, answered } = await start({ ...recipe, controller: Tokens });
    expect(answered).toEqual(['challenge']);
    expect(schemaAt(document, '/auth/token')).toBeUndefined();
    expect(document.paths['/auth/token']?.post?.responses['200']).toMatchObject({ description: 'A pair of tokens.' });
    expect(schemaAt(document, '/auth/token/refresh')).toMatchObject({
      required: expect.arrayContaining(['access_token']),
    });
  });

  it('is not described if a subclass builds the list of devices', async () => {
    const recipe = devicesController();
    class Devices extends recipe.controller {
      protected override toResponse(): unknown {
        return 'a device';
      }
    }
    const listAt = async (controller: typeof recipe.controller) => {
      const app = await startRecordingApp('fastify', { structure: { controllers: [{ ...recipe, controller }] } });
      open.push(app);
      const config = new DocumentBuilder().setOpenAPIVersion('3.1.0').build();
      const { paths } = describeAuth(app.app, () => SwaggerModule.createDocument(app.app, config));
      return JSON.stringify(paths['/auth/devices']?.get?.responses['200']);
    };
    expect(await listAt(recipe.controller)).toContain('lastUsedAt');
    expect(await listAt(Devices)).not.toContain('lastUsedAt');
  });

  it('is described as usual without any of it', async () => {
    const { document, answered } = await start(tokenController());
    expect(schemaAt(document, '/auth/token')).toMatchObject({ required: expect.arrayContaining([...answered]) });
  });
});
