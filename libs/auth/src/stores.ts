// The `stores` door: the ports of the stores, for adapters of your own.
export { MOST_REPLACED, LoginStore, BlocklistStore } from './core/stores/stores.js';

export type {
  CheckedStore,
  Login,
  Replaced,
  RevocationChanges,
  RevocationEntry,
  RevocationKind,
  RevocationQuery,
  Rotation,
  RotationOutcome,
  Stores,
  StoresFactory,
} from './core/stores/stores.js';
