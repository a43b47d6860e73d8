// The `keys` door: the sources of your signing keys.
export { OwnKeys } from './core/keys/own-keys.js';
export { keysFromDirectory } from './core/keys/key-files.js';
export { ephemeralKeys, KeySource, staticKeys } from './core/keys/key-ring.js';

export type { KeysFromDirectoryOptions } from './core/keys/key-files.js';
export type { KeyRingInput, RetiredKeyInput } from './core/keys/key-ring.js';
export type {
  Algorithm,
  KeyInput,
  KeyMaterial,
  RemoteSigner,
  SecretInput,
  SigningKey,
  WrappedKey,
} from './core/keys/keys.js';
