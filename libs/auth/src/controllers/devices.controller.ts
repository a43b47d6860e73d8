// The list of a user's sign-ins over http: see them, end one, end all others.
import {
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Inject,
  Param,
  UseGuards,
  type CanActivate,
  type Type,
} from '@nestjs/common';
import { callback, group, readOptions, value } from '../core/internal.js';
import {
  LoginService,
  type Device,
  type Principal,
  CurrentPrincipal,
  JwtAuthGuard,
  type MountableController,
} from '../index.js';
import { Describes, DATE_TIME, objectOf, TEXT, type Answer } from './open-api.js';
import { isClass, pathOption } from './shared-options.js';

/** What can be asked of {@link devicesController}. */
export interface DevicesControllerOptions {
  /** Where the routes are, without a leading slash. @defaultValue 'auth/devices' */
  readonly path?: string;
  /** Who is "the current user": `SessionOrJwtGuard` if there are sessions too. @defaultValue JwtAuthGuard */
  readonly guard?: Type<CanActivate>;
  /** What a device looks like in the list. @defaultValue {id, label, createdAt, lastUsedAt, current} */
  readonly toResponse?: (device: Device, current: boolean) => unknown;
}

export const devicesControllerOptions = group<DevicesControllerOptions>()({
  summary: 'the devices of the current user: a list, one to end, all others to end',
  options: {
    path: pathOption('auth/devices'),
    guard: value<Type<CanActivate>>({
      accepts: 'a guard class',
      holds: isClass,
      shows: 'kind',
      refused: {},
      otherwise: '`JwtAuthGuard`',
      summary: 'who is the current user: `SessionOrJwtGuard` if there are sessions too',
    }),
    toResponse: callback<NonNullable<DevicesControllerOptions['toResponse']>>({
      accepts: 'a function of the device, and of whether it is the current one',
      otherwise: '`{ id, label, createdAt, lastUsedAt, current }`',
      summary: 'what a device looks like in the list',
    }),
  },
});

/** What the device routes do. Extend the class that {@link devicesController} made, so that the routes come along. */
export abstract class DevicesController {
  @Inject(LoginService) protected readonly logins!: LoginService;

  /** What one device looks like in the list. */
  protected toResponse({ id, label, createdAt, lastUsedAt }: Device, current: boolean): unknown {
    return { id, label, createdAt, lastUsedAt, current };
  }

  protected async listFor({ subject, sid }: Principal): Promise<readonly unknown[]> {
    const devices = await this.logins.list(subject);
    return devices.map((device) => this.toResponse(device, device.id === sid));
  }

  /** A device of another user and one that does not exist look alike: nothing happens. */
  protected async endOne({ subject }: Principal, id: string): Promise<void> {
    await this.logins.endOwn(subject, id);
  }

  /** A credential without a `sid` is not listed, so all listed sign-ins are ended. */
  protected async endOthers({ subject, sid }: Principal): Promise<void> {
    await this.logins.endAll(subject, sid === undefined ? {} : { exceptSid: sid });
  }
}

const DEVICES: Answer = {
  madeBy: ['listFor', 'toResponse'],
  status: 200,
  description: 'The sign-ins of the current user, newest first.',
  schema: {
    type: 'array',
    items: {
      ...objectOf({ id: TEXT, createdAt: DATE_TIME, lastUsedAt: DATE_TIME, current: { type: 'boolean' } }),
      description: 'One sign-in; `label` is there where its device is known.',
    },
  },
};

/** The mounted controller, with its class to extend. */
export interface MountableDevicesController extends MountableController {
  readonly controller: Type<DevicesController>;
}

/**
 * The sign-ins of the current user: a list, one to end, all others to end. Mount it as `controllers: [devicesController()]`.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { devicesController } from 'nestjs-latchkey/controllers';
 *
 * export const auth = AuthModule.forRoot({ controllers: [devicesController()] });
 * ```
 */
export function devicesController(options: DevicesControllerOptions = {}): MountableDevicesController {
  const {
    path,
    guard = JwtAuthGuard,
    toResponse,
  } = readOptions('devicesController', devicesControllerOptions, options);

  @Controller(path)
  @UseGuards(guard)
  class MountedDevicesController extends DevicesController {
    @Get()
    @Header('Cache-Control', 'no-store')
    @Describes(toResponse === undefined ? DEVICES : { ...DEVICES, schema: undefined })
    list(@CurrentPrincipal() principal: Principal) {
      return this.listFor(principal);
    }

    @Delete()
    @HttpCode(204)
    endAllOthers(@CurrentPrincipal() principal: Principal) {
      return this.endOthers(principal);
    }

    @Delete(':id')
    @HttpCode(204)
    end(@CurrentPrincipal() principal: Principal, @Param('id') id: string) {
      return this.endOne(principal, id);
    }

    protected override toResponse(device: Device, current: boolean): unknown {
      return toResponse === undefined ? super.toResponse(device, current) : toResponse(device, current);
    }
  }
  Object.defineProperty(MountedDevicesController, 'name', { value: 'DevicesController' });
  return { controller: MountedDevicesController, requires: [] };
}
