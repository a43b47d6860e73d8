// The `stores` door: the ports of the stores, for adapters of your own.
export { AttemptLimiter } from './core/stores/attempt-limiter.js';
export { takeTurn } from './core/stores/turns.js';
export { MOST_REPLACED, LoginStore, BlocklistStore, OneTimeStore } from './core/stores/stores.js';

export type {
  CheckedStore,
  ConsumeOptions,
  Login,
  Replaced,
  RevocationAnswer,
  RevocationChanges,
  RevocationEntry,
  RevocationKind,
  RevocationQuery,
  Rotation,
  RotationOutcome,
  Stores,
  StoresFactory,
} from './core/stores/stores.js';
export type { AttemptLimit, AttemptVerdict } from './core/stores/attempt-limiter.js';
export type { MemoryStoresOptions } from './core/stores/memory-stores.js';
export type { TurnTakingStore } from './core/stores/turns.js';
export type { StoredRow } from './core/stores/row.js';
