// The few injection tokens that are no class.

/** The values of the module as they were given. */
export const AUTH_MODULE_OPTIONS = Symbol.for('nestjs-latchkey:options');

/** The structure of the module. */
export const AUTH_STRUCTURE = Symbol.for('nestjs-latchkey:structure');

/** The settings that the options ask for. */
export const AUTH_SETTINGS = Symbol.for('nestjs-latchkey:settings');

/** Both stores, behind their time limit and breaker. */
export const AUTH_STORES = Symbol.for('nestjs-latchkey:stores');

/** The guard that decides where no route states one. */
export const DEFAULT_GUARD = Symbol.for('nestjs-latchkey:default-guard');

/** The stores as the recipe made them. */
export const RAW_STORES = Symbol.for('nestjs-latchkey:raw-stores');

/** The blocklist as this process remembers it, or `null` where every request asks the store. */
export const REVOCATION_MIRROR = Symbol.for('nestjs-latchkey:revocation-mirror');

/** Every configured scheme by name; the application's own are added when it starts. */
export const CONFIGURED_SCHEMES = Symbol.for('nestjs-latchkey:schemes');
