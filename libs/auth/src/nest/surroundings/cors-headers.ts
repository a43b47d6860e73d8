// The headers that pages of other origins must be allowed to send and to read: by the names that the options give them.
import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { inConfiguration, structuresIn } from '../configurations/configurations.js';
import type { AuthModuleStructure } from '../options/auth.options.js';
import { AUTH_SETTINGS } from '../options/injection-tokens.js';
import type { AuthSettings } from '../options/settings.js';

/** What `app.enableCors()` takes about headers; names in lower case. */
export interface CorsHeaders {
  /** What pages may send: where tokens are found, the CSRF token, `content-type`, and the secret of a sign-in in steps. */
  allowedHeaders: string[];
  /** What pages may read: `www-authenticate` and `retry-after`. */
  exposedHeaders: string[];
}

/**
 * The headers that the library reads and writes, for CORS. Add those of your application; the origins are for you to name.
 *
 * @param app with all its configurations; it need not be initialised
 * @example
 * ```ts
 * import { NestFactory } from '@nestjs/core';
 * import { AuthModule } from 'nestjs-latchkey';
 * import { corsHeaders } from 'nestjs-latchkey/browser';
 *
 * const app = await NestFactory.create(AuthModule.forRoot());
 * app.enableCors({ origin: ['https://app.example.com'], credentials: true, ...corsHeaders(app) });
 * ```
 */
export function corsHeaders(app: INestApplicationContext): CorsHeaders {
  const modules = app.get(ModulesContainer, { strict: false });
  const allowed = structuresIn(modules).flatMap((structure) => {
    const settings = inConfiguration<AuthSettings>(modules, structure.name, AUTH_SETTINGS);
    return settings === undefined ? [] : sentTo(settings, structure);
  });
  return {
    allowedHeaders: [...new Set(['content-type', ...allowed])],
    exposedHeaders: ['www-authenticate', 'retry-after'],
  };
}

function sentTo(settings: AuthSettings, { controllers = [] }: AuthModuleStructure): readonly string[] {
  const { header, csrf, basic } = settings;
  const sent: readonly (readonly [isSent: boolean, name: string])[] = [
    // An extractor of the application looks where it likes.
    [header.extractor === undefined, header.name],
    [basic !== undefined, 'authorization'],
    [isForBrowsers(settings) && !csrf.disabled, csrf.headerName.toLowerCase()],
  ];
  const steps = controllers.some(({ requires }) => requires.includes('steps')) ? OF_STEPS : [];
  return [...sent.filter(([isSent]) => isSent).map(([, name]) => name), ...steps];
}

const OF_STEPS = ['sign-in-challenge', 'sign-in-verifier'];

/** Whether a browser may send a credential by itself. */
function isForBrowsers({ header, cookies, session, basic }: AuthSettings): boolean {
  return [cookies, basic].some((group) => group !== undefined) || session.enabled || header.sentBy === 'browser';
}
