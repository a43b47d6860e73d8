import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { describeAuth } from 'nestjs-latchkey/swagger';
import { sessionCookieName } from './sessions/register-sessions.js';

/** Swagger UI at `/docs`, the OpenAPI document at `/docs-json`. */
export function documentation(app: INestApplication): void {
  const about = new DocumentBuilder().setTitle('Accounts').setVersion('1').setOpenAPIVersion('3.1.0').build();
  const create = () => SwaggerModule.createDocument(app, about);
  const document = describeAuth(app, create, { sessionCookieName: sessionCookieName(app) });
  SwaggerModule.setup('docs', app, document, { jsonDocumentUrl: 'docs-json' });
}
