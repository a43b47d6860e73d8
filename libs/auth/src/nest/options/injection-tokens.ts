// The few injection tokens that are not classes.

/** The values of the module as they were given. */
export const AUTH_MODULE_OPTIONS = Symbol.for('nestjs-latchkey:options');

/** The structure of the module. */
export const AUTH_STRUCTURE = Symbol.for('nestjs-latchkey:structure');

/** The settings that the options ask for. */
export const AUTH_SETTINGS = Symbol.for('nestjs-latchkey:settings');

/** Both stores behind their guard, with the replica. */
export const AUTH_STORES = Symbol.for('nestjs-latchkey:stores');

/** The guard that decides if no route states one. */
export const DEFAULT_GUARD = Symbol.for('nestjs-latchkey:default-guard');

/** The stores as the factory made them. */
export const RAW_STORES = Symbol.for('nestjs-latchkey:raw-stores');

/** The assembled core. */
export const AUTHENTICATION = Symbol.for('nestjs-latchkey:authentication');
