// The door of the ready-made controllers.
export { tokenController } from './token.controller.js';
export { TokenController } from './token-routes.js';
export { devicesController, DevicesController } from './devices.controller.js';
export { SignInBody } from './sign-in-body.js';
export { RefreshBody, TokenBody } from './token-bodies.js';
export { deviceLabel } from './device-label.js';

export type { TokenControllerOptions, TokenControllerRecipe, TokenRoute } from './token.controller.js';
export type { TokenAnswers } from './token-routes.js';
export type { DevicesControllerOptions, DevicesControllerRecipe } from './devices.controller.js';
export type { SignInBodyOptions } from './sign-in-body.js';
export type { Introspection } from './introspection.js';
