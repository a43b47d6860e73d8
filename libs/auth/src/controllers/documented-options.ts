// What docs/options.md says of the ready-made controllers, in its order.
import { clientTokenControllerOptions } from './client-token.controller.js';
import { cookieControllerOptions } from './cookie.controller.js';
import { csrfControllerOptions } from './csrf.controller.js';
import { devicesControllerOptions } from './devices.controller.js';
import { sessionControllerOptions } from './session.controller.js';
import { tokenControllerOptions } from './token.controller.js';
import { wellKnownControllerOptions } from './well-known.controller.js';

/** The options of each function of `nestjs-latchkey/controllers`. */
export const documentedControllers = {
  tokenController: tokenControllerOptions,
  clientTokenController: clientTokenControllerOptions,
  cookieController: cookieControllerOptions,
  sessionController: sessionControllerOptions,
  csrfController: csrfControllerOptions,
  devicesController: devicesControllerOptions,
  wellKnownController: wellKnownControllerOptions,
};
