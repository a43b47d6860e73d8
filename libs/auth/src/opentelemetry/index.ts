// The `opentelemetry` door: what authentication does, as metrics and on the active span.
export { observeAuth, type ObserveAuthOptions } from './observe-auth.js';
