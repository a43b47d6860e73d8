import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

/** Swagger UI at `/docs`, the OpenAPI document at `/docs-json`. */
export function documentation(app: INestApplication): void {
  const about = new DocumentBuilder().setTitle('Accounts').setVersion('1').build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, about), { jsonDocumentUrl: 'docs-json' });
}
