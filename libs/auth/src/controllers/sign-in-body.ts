// The body of a sign-in as the ready-made controllers read it, how another body takes its place, and the pipe that lets
// nothing else in.
import { ValidationPipe, type ArgumentMetadata, type Type } from '@nestjs/common';
import * as transformerPackage from 'class-transformer';
import * as validatorPackage from 'class-validator';
import { IsNotEmpty, IsString, MaxLength, type ValidationError } from 'class-validator';
import { AuthError, type AuthErrorOptions } from '../index.js';

// @nestjs/swagger reads this static, as its compiler plugin writes it; so the door needs no import of it.
export const documented = (...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, { required: true, type: () => String }]));

/** Body of a sign-in. */
export class SignInBody {
  /** Whatever your users sign in with. */
  @IsString()
  @IsNotEmpty()
  @MaxLength(255)
  readonly username!: string;

  /** Hashing is slow on purpose: what is longer than 1,024 characters is not even tried. */
  @IsString()
  @IsNotEmpty()
  @MaxLength(1024)
  readonly password!: string;

  static _OPENAPI_METADATA_FACTORY() {
    return documented('username', 'password');
  }
}

/** What every body of a further step has. Extend it by what your steps ask for. */
export class ContinuationBody {
  /** As the step before it was answered. */
  @IsString()
  @IsNotEmpty()
  @MaxLength(8192)
  readonly continuation!: string;

  static _OPENAPI_METADATA_FACTORY() {
    return documented('continuation');
  }
}

/** Body of a further step that asks for a code. */
export class StepBody extends ContinuationBody {
  @IsString()
  @IsNotEmpty()
  @MaxLength(64)
  readonly code!: string;

  static override _OPENAPI_METADATA_FACTORY() {
    return documented('continuation', 'code');
  }
}

/** class-validator overflows the stack on deep input; report that as 400. */
class BodyPipe extends ValidationPipe {
  constructor(
    body: Type<object>,
    private readonly refusal: Pick<AuthErrorOptions, 'oauthError'>,
  ) {
    super({
      expectedType: body,
      transform: true,
      whitelist: true,
      forbidUnknownValues: true,
      validatorPackage,
      transformerPackage,
      exceptionFactory: (errors) =>
        new AuthError('invalid_request', { ...refusal, problems: errors.flatMap(sentencesOf) }),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    try {
      return (await super.transform(value, metadata)) as unknown;
    } catch (cause) {
      throw cause instanceof RangeError ? new AuthError('invalid_request', { ...this.refusal, cause }) : cause;
    }
  }
}

/**
 * Lets in instances of the class alone: members that it does not declare are dropped, and anything else is `invalid_request`. What
 * was sent is never repeated.
 */
export function bodyPipe(body: Type<object>): ValidationPipe {
  return new BodyPipe(body, {});
}

/** As {@link bodyPipe}, for routes whose clients read errors of RFC 6749 §5.2. */
export function oauthBodyPipe(body: Type<object>): ValidationPipe {
  return new BodyPipe(body, { oauthError: 'invalid_request' });
}

/** Tells OpenAPI, and pipes of the application, which class the first parameter of a route is: it is known only at run time. */
export function TakesBody(body: Type<object>): MethodDecorator {
  return (target, name) => {
    const [, ...others] = (Reflect.getMetadata('design:paramtypes', target, name) ?? []) as readonly unknown[];
    Reflect.defineMetadata('design:paramtypes', [body, ...others], target, name);
  };
}

function sentencesOf({ constraints, children }: ValidationError): readonly string[] {
  return [...Object.values(constraints ?? {}), ...(children ?? []).flatMap(sentencesOf)];
}
