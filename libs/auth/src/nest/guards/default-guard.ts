// The guard of routes that state none, and the place where Nest asks for it.
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ContextIdFactory, ModuleRef, ModulesContainer, type ContextId } from '@nestjs/core';
import { isObservable, lastValueFrom } from 'rxjs';
import { after } from '../../core/base/at-once.js';
import { INJECTED } from '../routes/effective-policy.js';
import { GlobalGuards } from '../routes/global-guards.js';
import { RouteAuthenticator } from './route-authenticator.js';
import { AUTH_STRUCTURE, DEFAULT_GUARD } from '../options/injection-tokens.js';
import type { ResolvedStructure } from '../options/resolved-structure.js';
import { requestOf } from '../transport/contexts.js';

/** A guard that is created repeatedly: per request, or, if it is durable, per context id. */
interface Scoped {
  readonly isDurable: boolean;
}

/**
 * Asks the guard that the option `defaultGuard` names. Routes that name a guard of ours never ask it, so that overriding
 * `JwtAuthGuard` in a test means the routes that name it; override this class to replace the default.
 *
 * Asked by anything but Nest, a composite guard for example, it validates on every route.
 */
@Injectable()
export class DefaultAuthGuard implements CanActivate {
  @Inject(ModuleRef) private readonly modules!: ModuleRef;
  @Inject(AUTH_STRUCTURE) private readonly structure!: ResolvedStructure;
  @Inject(ModulesContainer) private readonly container!: ModulesContainer;
  private found: CanActivate | Scoped | undefined;

  /** Whether Nest made this guard. */
  get [INJECTED](): boolean {
    return this.modules !== undefined;
  }

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (this.structure.defaultGuard === false) return true;
    return after(this.guardFor(context), (guard) => passes(guard, context));
  }

  /** A guard that is created per request, since it injects something that is, is made for this one. */
  private guardFor(context: ExecutionContext): CanActivate | Promise<CanActivate> {
    this.found ??= this.find();
    if ('canActivate' in this.found) return this.found;
    return this.modules.resolve<CanActivate>(DEFAULT_GUARD, this.contextIdOf(requestOf(context), this.found));
  }

  /** The id that Nest itself gave the request, so that the guard and its handler share what is made per request; else a new one. */
  private contextIdOf(request: unknown, { isDurable }: Scoped): ContextId {
    const carrier = typeof request === 'object' && request !== null ? request : {};
    const contextId = ContextIdFactory.getByRequest(carrier);
    if (ContextIdFactory.getByRequest(carrier) === contextId) return contextId;
    // What durable providers see as the request is what the application's strategy says about it; all others see the request, too.
    const { payload } = contextId;
    const seen: unknown = isDurable ? payload : Object.assign(carrier, payload);
    this.modules.registerRequestByContextId(seen, contextId);
    return contextId;
  }

  private find(): CanActivate | Scoped {
    try {
      return this.modules.get<CanActivate>(DEFAULT_GUARD);
    } catch {
      // The only reason why Nest refuses a provider of the same module.
      const wrappers = [...this.container.values()].map(({ providers }) => providers.get(DEFAULT_GUARD));
      return { isDurable: wrappers.some((wrapper) => wrapper?.isDependencyTreeDurable() === true) };
    }
  }
}

/** What the module registers for all routes. */
@Injectable()
export class GlobalDispatch implements CanActivate {
  @Inject(RouteAuthenticator) private readonly routes!: RouteAuthenticator;
  @Inject(GlobalGuards) private readonly globals!: GlobalGuards;
  @Inject(DefaultAuthGuard) private readonly guard!: CanActivate;

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const policy = this.routes.policyOf(context);
    return !policy.byDefaultGuard || this.askAll(context);
  }

  /** Guards that were registered too late for Nest are asked here, in the order in which they were registered. */
  private askAll(context: ExecutionContext): boolean | Promise<boolean> {
    const { late } = this.globals;
    const passed = passes(this.guard, context);
    return late.length === 0 ? passed : askInTurn([() => passed, ...late.map((guard) => () => passes(guard, context))]);
  }
}

async function askInTurn(questions: readonly (() => boolean | Promise<boolean>)[]): Promise<boolean> {
  for (const ask of questions) if (!(await ask())) return false;
  return true;
}

/** What a guard answers, at once if it does. */
function passes(guard: CanActivate, context: ExecutionContext): boolean | Promise<boolean> {
  const answer: unknown = guard.canActivate(context);
  return typeof answer === 'boolean' ? answer : answered(answer);
}

async function answered(answer: unknown): Promise<boolean> {
  const given: unknown = await answer;
  return Boolean(isObservable(given) ? await lastValueFrom(given) : given);
}
