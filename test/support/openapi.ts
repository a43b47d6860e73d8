// An application with every kind of route that OpenAPI documents know, and a reader of what a document promises about each.
import {
  All,
  Controller,
  Delete,
  Get,
  Injectable,
  Post,
  RequestMethod,
  SetMetadata,
  UseGuards,
  VersioningType,
  VERSION_NEUTRAL,
  type CanActivate,
  type INestApplication,
} from '@nestjs/common';
import { ApiExcludeEndpoint, ApiSecurity, type OpenAPIObject } from '@nestjs/swagger';
import {
  AuthGuardFor,
  AuthError,
  JwtAuthGuard,
  OptionalAuth,
  Public,
  type AuthRequest,
  type Verified,
} from 'nestjs-latchkey';
import { defineScheme, type Scheme } from 'nestjs-latchkey/schemes';
import type { Policy } from 'nestjs-latchkey/policies';

export interface SecurityRequirement {
  readonly [name: string]: readonly string[];
}

async function verifyKey(key: string): Promise<Verified> {
  if (key !== 'good') throw new AuthError('token_invalid');
  return { subject: { issuer: 'keys', id: 'user-1' }, kind: 'user', claims: {}, scopes: ['grades:write'], own: false };
}

export const apiKey = defineScheme<string>({
  name: 'api-key',
  sentBy: 'client',
  find: (request) => request.headerLines('x-api-key')[0],
  verify: verifyKey,
  openapi: { always: { 'api-key': { type: 'apiKey', in: 'header', name: 'x-api-key' } } },
});

/** What a browser sends, with a proof of intent of its own, as a class that Nest makes. */
@Injectable()
export class PanelScheme {
  readonly name = 'panel';
  readonly sentBy = 'browser';
  readonly openapi = {
    always: { panel: { type: 'apiKey', in: 'cookie', name: 'panel' } },
    unsafe: { 'panel-intent': { type: 'apiKey', in: 'header', name: 'x-intent' } },
  } as const;
  find = (request: AuthRequest) => request.cookieValues('panel')[0];
  verify = (credential: unknown) => verifyKey(String(credential));
  csrf = (request: AuthRequest): void => {
    if (request.headerLines('x-intent')[0] !== 'good') throw new AuthError('csrf_token_missing');
  };
}

export const ownSchemes = [apiKey, PanelScheme] as unknown as readonly Scheme[];

const graders: Policy = Object.assign<Policy, object>(({ principal }) => principal.scopes.includes('grades:write'), {
  requires: { scopes: ['grades:write'] },
});
const Graders = () => SetMetadata('nestjs-latchkey:policies', [graders]);

/** A guard of another package, which the library does not know. */
@Injectable()
class SignatureGuard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

class BaseController {
  @Get('inherited') inherited() {
    return { ok: true };
  }
  @Public() @Get('inherited/open') inheritedOpen() {
    return { ok: true };
  }
}

@UseGuards(AuthGuardFor('api-key'))
@ApiSecurity('tenant')
@Controller('parents')
export class ParentController extends BaseController {
  @Post('own') own() {
    return { ok: true };
  }
}

/** The same handlers once more. */
@UseGuards(AuthGuardFor('panel', 'bearer'))
@Controller('children')
export class ChildController extends ParentController {}

@Controller({ path: 'versioned', version: ['1', '2'] })
export class VersionedController {
  @Get() both() {
    return { ok: true };
  }
  @Public() @Get('latest') latest() {
    return { ok: true };
  }
}

@Controller({ path: ['plain', 'also-plain'], version: VERSION_NEUTRAL })
export class PlainController {
  @Get(['one', 'two']) several() {
    return { ok: true };
  }
  @All('any') any() {
    return { ok: true };
  }
  @UseGuards(AuthGuardFor('panel')) @All('panel') panel() {
    return { ok: true };
  }
  @OptionalAuth() @Get('optional') optional() {
    return { ok: true };
  }
  @OptionalAuth() @Graders() @Get('optional-graders') optionalGraders() {
    return { ok: true };
  }
  @Graders() @Delete('graded/:id') graded() {
    return { ok: true };
  }
  @UseGuards(AuthGuardFor('bearer', 'api-key'), AuthGuardFor('api-key', 'panel')) @Post('both-guards') bothGuards() {
    return { ok: true };
  }
  @Public() @UseGuards(SignatureGuard) @ApiSecurity('signature') @Post('signed') signed() {
    return { ok: true };
  }
  @UseGuards(JwtAuthGuard) @ApiSecurity('bearer') @Get('leftover') leftover() {
    return { ok: true };
  }
  @ApiExcludeEndpoint() @Get('hidden') hidden() {
    return { ok: true };
  }
}

@Controller({ path: 'health', version: VERSION_NEUTRAL })
export class HealthController {
  @Public() @Get() health() {
    return { ok: true };
  }
}

export const controllers = [ParentController, ChildController, VersionedController, PlainController, HealthController];

export function configure(app: INestApplication): void {
  app.setGlobalPrefix('api', { exclude: [{ path: 'health', method: RequestMethod.GET }] });
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: VERSION_NEUTRAL });
}

export interface DocumentedOperation {
  readonly method: string;
  readonly path: string;
  readonly security: readonly SecurityRequirement[] | undefined;
  readonly responses: Readonly<Record<string, { readonly headers?: object; readonly content?: object }>>;
}

export function documentedOperations({ paths }: OpenAPIObject): DocumentedOperation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      method,
      path,
      ...(operation as Pick<DocumentedOperation, 'security' | 'responses'>),
    })),
  );
}

/**
 * One alternative is enough, less is not. About more than one a document says nothing: a half of another credential beside it may
 * well be refused.
 */
export function promise(
  security: readonly SecurityRequirement[] = [],
  sent: readonly string[],
  others: readonly string[] = [],
): 'let in' | 'refused' | 'nothing' {
  if (security.length === 0) return 'let in';
  const enough = security.filter((each) => Object.keys(each).every((name) => [...sent, ...others].includes(name)));
  const exact = enough.some((each) => sent.every((name) => name in each || others.includes(name)));
  return enough.length === 0 ? 'refused' : exact ? 'let in' : 'nothing';
}
