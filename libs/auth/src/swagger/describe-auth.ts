// The one line of main.ts: a document whose security is what the guards really do. All of it follows from `effectivePolicy`
// and `schemesOf`, which are what the guards themselves ask.
import type { INestApplication } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import {
  configurationOf,
  describedApplication,
  type ConfigurationName,
  type DescribedApplication,
  type EffectivePolicy,
  type RouteAuthenticator,
} from '../nest/internal.js';
import { dropUntrueAnswer } from './answers.js';
import { ClientCredentials } from './client-credentials.js';
import { describeBrowserRoute } from './browser-routes.js';
import { builtInDescriptions, type DescriptionParts } from './built-in-descriptions.js';
import { whileMarked, type ReadMarks, type Requirement } from './marks.js';
import { dropUnknownMethods, operationsOf, type Operation } from './operations.js';
import { describeOAuthErrors, ERROR_SCHEMA, errorSchema, ownRefusalsOf, refusalsOf } from './refusals.js';
import { productOf, requirementsOf, scopesOf } from './requirements.js';
import { assertNames, SchemeDescriptions } from './scheme-descriptions.js';

/** How the document may differ from what the library can know. */
export interface DescribeAuthOptions {
  /** The name of the host's session cookie. @defaultValue 'connect.sid' on Express, 'sessionId' on Fastify */
  readonly sessionCookieName?: string;
  /**
   * Other names of security schemes in the document, by the name that they have without it: `{ bearer: 'jwt', csrf: 'intent' }`. Letters, digits,
   * dots, underscores and hyphens. A name that you gave with `addBearerAuth()` and its like stands. @defaultValue {}
   */
  readonly schemeNames?: Readonly<Record<string, string>>;
}

/**
 * Makes an OpenAPI document and writes into it what the guards of the application demand: security schemes, what each operation
 * asks for, and its refusals. It may run before the application is initialised, as `SwaggerModule.createDocument` does.
 *
 * Requirements that you wrote with `@ApiSecurity()` describe other guards: they are added to the requirements of our guards. One for the
 * header or cookie of a scheme of ours only repeats it: the name that you gave it with `addBearerAuth()` and its like stands in the
 * document, once, and a public route needs nothing.
 *
 * @param create makes the document; nothing but this call must happen in it
 * @throws {AuthConfigurationError} if the application has no AuthModule, a guard names a scheme that is not configured, or `schemeNames` one
 * that no scheme has
 * @example
 * ```ts
 * import { Module } from '@nestjs/common';
 * import { NestFactory } from '@nestjs/core';
 * import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
 * import { AuthModule } from 'nestjs-latchkey';
 * import { describeAuth } from 'nestjs-latchkey/swagger';
 *
 * @Module({ imports: [AuthModule.forRoot()] })
 * class AppModule {}
 *
 * export async function main() {
 *   const app = await NestFactory.create(AppModule);
 *   const config = new DocumentBuilder().setTitle('Example').setOpenAPIVersion('3.1.0').build();
 *   const document = describeAuth(app, () => SwaggerModule.createDocument(app, config));
 *   SwaggerModule.setup('docs', app, document);
 *   await app.listen(3000);
 * }
 * ```
 */
export function describeAuth(
  app: INestApplication,
  create: () => OpenAPIObject,
  options: DescribeAuthOptions = {},
): OpenAPIObject {
  const { routes, ...parts } = partsOf(app, options);
  return whileMarked(routes, (read) => {
    const author = new AuthAuthor(create(), read, parts);
    return author.write();
  });
}

/** What the application says about itself. */
interface Parts {
  readonly authenticator: RouteAuthenticator;
  /** By the name of the configuration; the one without a name is there in any case. */
  readonly configurations: ReadonlyMap<ConfigurationName, Described>;
  readonly clientCredentials: ClientCredentials;
}

/** How a configuration is shown. */
interface Described extends DescriptionParts {
  readonly descriptions: SchemeDescriptions;
}

function partsOf(app: INestApplication, options: DescribeAuthOptions): Parts & Pick<DescribedApplication, 'routes'> {
  const usualName = app.getHttpAdapter().getType() === 'fastify' ? 'sessionId' : 'connect.sid';
  const sessionCookieName = options.sessionCookieName ?? usualName;
  const { configurations, ...application } = describedApplication(app);
  const { schemeNames: names = {} } = options;
  const described = configurations.map(({ name, settings, schemes }) => {
    const parts = { settings, sessionCookieName };
    return [
      name,
      {
        ...parts,
        descriptions: new SchemeDescriptions(schemes, builtInDescriptions(parts), { configuration: name, names }),
      },
    ] as const;
  });
  assertNames(
    names,
    described.flatMap(([, { descriptions }]) => descriptions.names),
  );
  return { ...application, configurations: new Map(described), clientCredentials: ClientCredentials.of(app) };
}

/** Writes into one document, operation by operation. */
class AuthAuthor {
  private refuses = false;

  constructor(
    private readonly document: OpenAPIObject,
    private readonly read: ReadMarks,
    private readonly parts: Parts,
  ) {}

  write(): OpenAPIObject {
    dropUnknownMethods(this.document);
    const components = (this.document.components ??= {});
    for (const { descriptions } of this.parts.configurations.values()) descriptions.adopt(components.securitySchemes);
    for (const operation of operationsOf(this.document)) this.writeOperation(operation);
    for (const { descriptions } of this.parts.configurations.values()) {
      components.securitySchemes = descriptions.mergedInto(components.securitySchemes ?? {});
    }
    this.parts.clientCredentials.writeInto(components);
    if (this.refuses) {
      components.schemas = { ...components.schemas, [ERROR_SCHEMA]: errorSchema(this.of(undefined).settings.errors) };
    }
    return this.document;
  }

  private writeOperation(operation: Operation): void {
    const { content, isWebhook } = operation;
    const { route, written } = this.read(content.security ?? []);
    if (route === undefined) return;
    const own = this.of(configurationOf(route.owner));
    this.addRefusals(content, ownRefusalsOf(route.handler, own.settings));
    describeBrowserRoute(route.handler, content, own);
    dropUntrueAnswer(route, content);
    const policy = this.parts.authenticator.policyFor(route.handler, route.owner);
    if (policy.access === 'guarded' && !isWebhook) this.writeGuarded(operation, policy, written);
    else this.writeUnguarded(operation, policy, written);
    describeOAuthErrors(route.handler, content.responses);
  }

  private writeUnguarded(
    { content, isWebhook }: Operation,
    { access }: EffectivePolicy,
    written: readonly Requirement[],
  ) {
    if (!isWebhook && access === 'public') content.security = [...this.ofOthers(written)];
    else if (written.length > 0) content.security = [...written];
    // If nothing was stated, neither do we: what stands at the top of the document holds. A webhook is answered by others.
    else delete content.security;
  }

  private writeGuarded({ method, content }: Operation, policy: EffectivePolicy, written: readonly Requirement[]): void {
    const { authenticator } = this.parts;
    const guards = policy.guards.map((guard) =>
      authenticator.schemesOf(guard).map((scheme) => this.of(configurationOf(guard)).descriptions.use(scheme)),
    );
    const withScopes = !this.document.openapi.startsWith('3.0');
    const demanded = requirementsOf({ policy, guards, method, withScopes });
    const others = this.ofOthers(written);
    content.security = [...productOf(others.length === 0 ? [demanded] : [others, demanded])];
    if (policy.permissions.clients) this.parts.clientCredentials.note(content, scopesOf(policy));
    this.addRefusals(content, refusalsOf(policy, this.of(undefined).settings.errors));
  }

  /**
   * The requirements that the application wrote for other guards. Those of a class are also on its public routes, where they mean
   * nothing.
   */
  private ofOthers(written: readonly Requirement[]): readonly Requirement[] {
    const all = [...this.parts.configurations.values()];
    return all.reduce((left, { descriptions }) => descriptions.withoutOurs(left), written);
  }

  private of(name: ConfigurationName): Described {
    const found = this.parts.configurations.get(name);
    if (found === undefined) throw new TypeError(`There is no configuration '${String(name)}'.`);
    return found;
  }

  /** What the application itself says about a status stands. */
  private addRefusals(content: Operation['content'], refusals: ReturnType<typeof refusalsOf>): void {
    content.responses = { ...refusals, ...content.responses };
    this.refuses ||= Object.keys(refusals).length > 0;
  }
}
