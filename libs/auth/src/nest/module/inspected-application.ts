// What an operator wants to know of an application before it goes to production: read from the running parts, as plain data without any
// secret. It prints nothing; the command line does.
import type { INestApplicationContext } from '@nestjs/common';
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import type { Authentication } from '../../core/composition/create-authentication.js';
import { isFetched, sourcesOf } from '../../core/issuers/key-sources.js';
import type { TrustOptions } from '../../core/issuers/trust-options.js';
import { keyTimes } from '../../core/keys/key-files.js';
import type { DescribedKey } from '../../core/keys/key-ring.js';
import { unguarded } from '../../core/stores/guarded-stores.js';
import { isChecked } from '../../core/stores/stores.js';
import { inConfiguration, structuresIn } from '../configurations/configurations.js';
import type { AuthModuleStructure } from '../options/auth.options.js';
import { AUTHENTICATION, AUTH_SETTINGS } from '../options/injection-tokens.js';
import type { ConfigurationName } from '../options/named-tokens.js';
import type { AuthSettings } from '../options/settings.js';
import { productionAnswer, type ProductionAnswer } from './production-answer.js';
import { trustedProxies, type TrustedProxies } from '../surroundings/trusted-proxies.js';

/** A key in force, and when it was made, in epoch seconds, if that is known. */
export interface InspectedKey extends DescribedKey {
  readonly madeAt: number | undefined;
}

/** A store, and whether it answers. `unchecked`: there is nothing harmless that it could be asked. */
export interface InspectedStore {
  readonly store: 'revocations' | 'logins' | 'oneTime';
  readonly kind: string;
  readonly state: 'answers' | 'down' | 'unchecked';
  /** How long the answer took. */
  readonly milliseconds?: number;
  /** Why there was none. */
  readonly reason?: string;
}

/** One issuer that is trusted. */
export interface InspectedIssuer {
  readonly issuer: string;
  /** `false` accepts tokens for other services. */
  readonly audience: readonly string[] | false;
  /** One line for each source of keys: its algorithms, and where it is. */
  readonly keys: readonly string[];
}

/** One configuration of the module. */
export interface InspectedConfiguration {
  readonly name: ConfigurationName;
  /** False for a service that only verifies. */
  readonly issues: boolean;
  readonly issuer: string;
  /** `false` accepts tokens for other services. */
  readonly audience: readonly string[] | false;
  readonly users: string | undefined;
  readonly keys: readonly InspectedKey[];
  readonly stores: readonly InspectedStore[];
  /** The attributes of each cookie that may be written; `undefined` if no tokens travel in cookies. */
  readonly cookies: readonly string[] | undefined;
  readonly sessions: boolean;
  readonly csrf: { readonly isOn: boolean; readonly trustedOrigins: readonly string[] };
  readonly trusts: readonly InspectedIssuer[];
}

/** An application as it was found. */
export interface InspectedApplication {
  readonly production: boolean;
  readonly proxies: TrustedProxies;
  /** The one without a name first. */
  readonly configurations: readonly InspectedConfiguration[];
  /** What the options alone would be told with NODE_ENV=production, and are not told now. */
  readonly inProduction: ProductionAnswer;
}

/**
 * Asks an application that was created; whether it could be initialised does not matter. Stores are queried once.
 * What was not made, because something before it failed, is left out.
 */
export async function inspectedApplication(app: INestApplicationContext): Promise<InspectedApplication> {
  const modules = app.get(ModulesContainer);
  const structures = [...structuresIn(modules)].sort((one, other) => (one.name ?? '').localeCompare(other.name ?? ''));
  const found = await Promise.all(structures.map((structure) => configurationOf(modules, structure)));
  const main = inConfiguration<AuthSettings>(modules, undefined, AUTH_SETTINGS);
  const answers = structures.map((structure) => productionAnswer(modules, structure));
  return {
    production: main?.production ?? process.env['NODE_ENV'] === 'production',
    proxies: trustedProxies(app.get(HttpAdapterHost, { strict: false })),
    configurations: found.flat(),
    inProduction: {
      refuses: answers.flatMap(({ refuses }) => refuses),
      warns: answers.flatMap(({ warns }) => warns),
    },
  };
}

async function configurationOf(
  modules: ModulesContainer,
  { name, users }: AuthModuleStructure,
): Promise<readonly InspectedConfiguration[]> {
  const settings = inConfiguration<AuthSettings>(modules, name, AUTH_SETTINGS);
  if (settings === undefined) return [];
  const core = inConfiguration<Authentication>(modules, name, AUTHENTICATION);
  const { tokens, cookieSpecs, csrf } = settings;
  const written = [cookieSpecs.refresh, ...accessSpecs(settings), cookieSpecs.csrf];
  return [
    {
      name,
      issues: settings.issuing,
      issuer: tokens.issuer,
      audience: settings.anyAudience ? false : tokens.audience,
      users: typeof users === 'function' ? users.name : undefined,
      keys: core === undefined ? [] : await keysOf(core, settings),
      stores: core === undefined ? [] : await storesOf(core),
      cookies: settings.cookies === undefined ? undefined : written.map(cookieText),
      sessions: settings.session.enabled,
      csrf: { isOn: !csrf.disabled, trustedOrigins: csrf.trustedOrigins },
      trusts: settings.trust.map(issuerOf),
    },
  ];
}

async function keysOf({ keys }: Authentication, settings: AuthSettings): Promise<readonly InspectedKey[]> {
  const times = await keyTimes(settings.keys).catch(() => new Map<string, number>());
  return (keys.ring?.describe() ?? []).map((key) => ({ ...key, madeAt: times.get(key.kid) }));
}

/** A subject that does not exist: a query for it is a full round trip and finds nothing. */
const NO_ACCOUNT = { issuer: 'doctor', id: 'doctor' } as const;

async function storesOf({ clock, stores }: Authentication): Promise<readonly InspectedStore[]> {
  const inUse = unguarded(stores);
  const now = clock.nowSeconds();
  const looked = async (store: InspectedStore['store'], look: () => Promise<unknown>): Promise<InspectedStore> => {
    const kind = inUse[store]?.constructor.name ?? '';
    const from = clock.monotonicMs();
    try {
      await look();
      return { store, kind, state: 'answers', milliseconds: Math.round(clock.monotonicMs() - from) };
    } catch (error) {
      return { store, kind, state: 'down', reason: error instanceof Error ? error.message : 'it does not answer' };
    }
  };
  const { oneTime } = inUse;
  return Promise.all([
    looked('revocations', () => Promise.resolve(stores.revocations.subjectRevokedAt(NO_ACCOUNT))),
    looked('logins', () => stores.logins.list(NO_ACCOUNT, now)),
    ...(oneTime === undefined ? [] : [oneTimeOf(oneTime, looked)]),
  ]);
}

/** It has no question without an effect, but for those that can be checked. */
async function oneTimeOf(
  oneTime: object,
  looked: (store: 'oneTime', look: () => Promise<unknown>) => Promise<InspectedStore>,
): Promise<InspectedStore> {
  if (isChecked(oneTime)) return looked('oneTime', () => oneTime.checkReady());
  return { store: 'oneTime', kind: oneTime.constructor.name, state: 'unchecked' };
}

type CookieSpecs = AuthSettings['cookieSpecs'];

function accessSpecs({ cookieSpecs }: AuthSettings): readonly CookieSpecs['access'][] {
  return cookieSpecs.mode === 'split' ? [cookieSpecs.payload, cookieSpecs.signature] : [cookieSpecs.access];
}

function cookieText({ name, path, domain, sameSite, secure, httpOnly, partitioned }: CookieSpecs['access']): string {
  const attributes = [
    `Path=${path}`,
    ...(domain === undefined ? [] : [`Domain=${domain}`]),
    `SameSite=${sameSite}`,
    ...(secure ? ['Secure'] : []),
    ...(httpOnly ? ['HttpOnly'] : []),
    ...(partitioned === true ? ['Partitioned'] : []),
  ];
  return `${name}; ${attributes.join('; ')}`;
}

function issuerOf(options: TrustOptions): InspectedIssuer {
  const { issuer, audience } = options;
  return {
    issuer,
    audience: audience === false ? false : [audience].flat(),
    keys: sourcesOf(options).map(({ keys, algorithms }) => `${algorithms.join(', ')}: ${sourceText(keys)}`),
  };
}

/** Where keys come from, without what may be a secret: of an address neither user, query nor fragment. */
function sourceText(keys: ReturnType<typeof sourcesOf>[number]['keys']): string {
  if ('secret' in keys) return 'a shared secret';
  if ('jwks' in keys) return 'keys in the options';
  if (!isFetched(keys) || !('jwksUri' in keys)) return 'found by discovery';
  const { origin, pathname } = new URL(String(keys.jwksUri));
  return `fetched from ${origin}${pathname}`;
}
