// The `passwords` door: how passwords are kept, around @node-rs/argon2.
export type { PasswordCost } from './cost.js';
export type { PasswordsOptions } from './options.js';
export { Passwords, type PasswordVerdict } from './passwords.js';
