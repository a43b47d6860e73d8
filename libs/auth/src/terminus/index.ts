// The `terminus` door: what a health check may ask of authentication.
export { AuthHealthIndicator } from './auth-health.indicator.js';
