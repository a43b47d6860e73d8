// The door of the ready-made controllers.
export { tokenController } from './token.controller.js';
export { TokenController } from './token-routes.js';
export { devicesController, DevicesController } from './devices.controller.js';
export { cookieController, CookieController } from './cookie.controller.js';
export { csrfController, CsrfController } from './csrf.controller.js';
export { sessionController, SessionController } from './session.controller.js';
export { ContinuationBody, SignInBody, StepBody } from './sign-in-body.js';
export { RefreshBody, TokenBody } from './token-bodies.js';
export { wellKnownController, WellKnownController } from './well-known.controller.js';
export { clientTokenController, ClientTokenController } from './client-token.controller.js';
export { ClientTokenBody } from './client-token-request.js';
export { ClientSource, newClientSecret } from '../core/internal.js';
export { deviceLabel } from './device-label.js';

export type { TokenControllerOptions, MountableTokenController, TokenRoute } from './token.controller.js';
export type { AnswerForm, SessionAnswerContext, TokenAnswerContext } from './answer-options.js';
export type { TokenAnswers, TokenLoginOptions, TokenStepOptions } from './token-routes.js';
export type { DevicesControllerOptions, MountableDevicesController } from './devices.controller.js';
export type { ClientTokenControllerOptions, MountableClientTokenController } from './client-token.controller.js';
export type { ClientAuthMethod, ClientDescription, ClientTokenResponse, NewClientSecret } from '../core/internal.js';
export type { CookieTimes, Exchange } from '../nest/internal.js';
export type { CookieControllerOptions, MountableCookieController, CookieLoginOptions } from './cookie.controller.js';
export type { CsrfControllerOptions, MountableCsrfController } from './csrf.controller.js';
export type {
  SessionControllerOptions,
  MountableSessionController,
  SessionLoginOptions,
} from './session.controller.js';
export type { WellKnownControllerOptions, MountableWellKnownController } from './well-known.controller.js';
export type { SignInContext, SignInOptions } from './shared-options.js';
export type { RefreshRequest } from './token-bodies.js';
export type { Introspection } from './introspection.js';
