// The way of a scope policy into a handler. The policy is a provider; a pipe, which Nest makes while the application starts,
// finds it, so that wrong wiring never meets a request.
import {
  createParamDecorator,
  Inject,
  Injectable,
  Optional,
  type ExecutionContext,
  type OnModuleInit,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { AuthConfigurationError } from '../../core/base/errors.js';
import type { Principal } from '../../core/base/principal.js';
import type { ScopeCondition, ScopePolicy } from '../../core/policies/scope-policy.js';
import { authResultFor } from '../transport/request-auth.js';

const Caller = createParamDecorator((_: unknown, context: ExecutionContext): unknown => authResultFor(context).auth);

const pipes = new Map<Type<unknown>, Type<PipeTransform>>();

/**
 * A function that narrows a query to the rows that exist for the caller: of type `ScopeCondition<Query>`.
 *
 * @throws {AuthConfigurationError} if the class is not a scope policy, or, at boot, no provider of the module
 * @example
 * ```ts
 * import { Controller, Get, Injectable } from '@nestjs/common';
 * import { Scoped, type Principal } from 'nestjs-latchkey';
 * import { ScopePolicy, type ScopeCondition } from 'nestjs-latchkey/policies';
 *
 * type Rows = readonly { owner: string }[];
 *
 * @Injectable()
 * class OwnRows extends ScopePolicy<Rows> {
 *   override scope(rows: Rows, caller: Principal | undefined): Rows {
 *     return caller?.own === true ? rows.filter(({ owner }) => owner === caller.subject.id) : [];
 *   }
 * }
 *
 * @Controller('rows')
 * export class RowsController {
 *   private readonly rows: Rows = [{ owner: 'ada' }, { owner: 'grace' }];
 *
 *   @Get() list(@Scoped(OwnRows) scoped: ScopeCondition<Rows>): Rows {
 *     return scoped(this.rows);
 *   }
 * }
 * ```
 */
export function Scoped<Query>(policy: Type<ScopePolicy<Query>>): ParameterDecorator {
  const prototype: unknown = typeof policy === 'function' ? policy.prototype : undefined;
  if (typeof (prototype as { scope?: unknown } | undefined)?.scope !== 'function') {
    const name = typeof policy === 'function' ? policy.name : String(policy);
    throw new AuthConfigurationError([
      `@Scoped(${name}) needs a class that extends ScopePolicy, with a method scope()`,
    ]);
  }
  const pipe = pipes.get(policy) ?? pipeFor(policy);
  pipes.set(policy, pipe);
  return Caller(pipe);
}

function pipeFor(policy: Type<unknown>): Type<PipeTransform> {
  @Injectable()
  class ScopedPipe implements PipeTransform, OnModuleInit {
    // Optional for Nest, so that what is missing is said in our words.
    @Optional() @Inject(policy) private readonly policy?: ScopePolicy<unknown>;

    onModuleInit(): void {
      this.found();
    }

    transform(caller: Principal | undefined): ScopeCondition<unknown> {
      const found = this.found();
      return (query) => {
        const narrowed = found.scope(query, caller);
        // Falling back to the query itself would show every row.
        if (narrowed === undefined || narrowed === null)
          throw new TypeError(`${policy.name}.scope() answered nothing.`);
        return narrowed;
      };
    }

    private found(): ScopePolicy<unknown> {
      if (typeof this.policy?.scope === 'function') return this.policy;
      throw new AuthConfigurationError([
        `@Scoped(${policy.name}) finds no such provider: add ${policy.name} to the providers of the controller's module`,
      ]);
    }
  }
  Object.defineProperty(ScopedPipe, 'name', { value: `Scoped(${policy.name})` });
  return ScopedPipe;
}
