// When a refused request is explained in the log, and what the explanation knows of the module.
import type { ExecutionContext } from '@nestjs/common';
import type { Clock } from '../../core/base/clock.js';
import type { AuthError } from '../../core/base/errors.js';
import { nameOfPolicy } from '../../core/policies/policies.js';
import type { AuthSettings } from '../options/settings.js';
import { RefusalLog } from '../refusals/refusal-log.js';
import { effectivePolicy, type ClassOrMethod } from '../routes/effective-policy.js';
import type { GlobalGuards } from '../routes/global-guards.js';
import type { RouteAddresses } from '../routes/route-addresses.js';
import { pageLog } from './mistake-log.js';

/** What the explanation asks about routes. */
interface Routes {
  readonly clock: Clock;
  readonly addresses: RouteAddresses;
  readonly globals: GlobalGuards;
}

/** The log of refused requests of a configuration. */
export function refusalLogOf(settings: AuthSettings, { clock, addresses, globals }: Routes): RefusalLog {
  return new RefusalLog({
    isOn: areExplained(settings),
    clock,
    credentials: credentialsOf(settings),
    addressOf: (context) => addresses.ofHandler(context.getClass(), context.getHandler()),
    policiesOf: (context) =>
      effectivePolicy(handlerOf(context), classOf(context), globals.defaults).policies.map(nameOfPolicy),
  });
}

/** Never in production, where clients could fill the log, and in tests only if they ask for it. */
export function areExplained({ production, errors }: Pick<AuthSettings, 'production' | 'errors'>): boolean {
  if (production) return false;
  return errors.explain ?? process.env['NODE_ENV'] !== 'test';
}

/** Where the core tells why a page was refused: the line about the request has it, or else it is a line of its own. */
export function refusedPages(clock: Clock, log: RefusalLog): (explanation: string, error: AuthError) => void {
  const alone = pageLog(clock);
  return (explanation, error) => (log.isOn ? log.explain(error, explanation) : alone(explanation));
}

function credentialsOf({ header, cookieSpecs }: AuthSettings): Readonly<Record<string, string>> {
  const [scheme = 'Bearer'] = header.schemes;
  return {
    bearer: `the header ${header.name}: ${scheme} <access token>`,
    cookie: `the cookie ${cookieSpecs.access.name}`,
    session: 'a session in which a user signed in',
    basic: 'the header Authorization: Basic <name and password>',
  };
}

// Nest returns the classes and methods of the application, which are functions.
function handlerOf(context: ExecutionContext): ClassOrMethod {
  return context.getHandler() as ClassOrMethod;
}

function classOf(context: ExecutionContext): ClassOrMethod {
  return context.getClass() as unknown as ClassOrMethod;
}
