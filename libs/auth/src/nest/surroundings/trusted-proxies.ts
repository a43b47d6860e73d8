// Which proxies the framework believes about the address and the protocol of a request. Each framework keeps it in a place of its own.
import type { HttpAdapterHost } from '@nestjs/core';

/** The framework, and what its setting for proxies is, in words. */
export interface TrustedProxies {
  /** `none` for an application without http. */
  readonly framework: string;
  readonly trusts: string;
}

interface ExpressInstance {
  get(setting: string): unknown;
}

/** What `trust proxy` of Express or `trustProxy` of Fastify is set to. */
export function trustedProxies({ httpAdapter }: Partial<Pick<HttpAdapterHost, 'httpAdapter'>>): TrustedProxies {
  if (httpAdapter === undefined || httpAdapter === null) return { framework: 'none', trusts: 'nothing' };
  const framework = httpAdapter.getType();
  if (framework === 'express')
    return { framework, trusts: inWords(httpAdapter.getInstance<ExpressInstance>().get('trust proxy')) };
  const known = framework === 'fastify' ? optionsOf(httpAdapter.getInstance<object>()) : undefined;
  return { framework, trusts: known === undefined ? 'unknown' : inWords(known.trustProxy) };
}

/** Fastify keeps its options under a symbol without a public name. */
function optionsOf(instance: object): { readonly trustProxy?: unknown } | undefined {
  const symbol = Object.getOwnPropertySymbols(instance).find(({ description }) => description === 'fastify.options');
  const options: unknown = symbol === undefined ? undefined : Reflect.get(instance, symbol);
  return typeof options === 'object' && options !== null ? options : undefined;
}

function inWords(setting: unknown): string {
  if (setting === undefined || setting === false || setting === 0 || setting === '') return 'no proxy';
  if (setting === true) return 'every proxy, and so whatever a client claims';
  if (typeof setting === 'number') return `the last ${setting} of the addresses`;
  return typeof setting === 'function' ? 'what a function decides' : [setting].flat().map(String).join(', ');
}
