// What several processes of one application must share, if each would make its own.
import cluster from 'node:cluster';
import { MemoryBlocklistStore } from '../../core/stores/memory-stores.js';
import type { Stores } from '../../core/stores/stores.js';
import type { AuthSettings } from '../options/settings.js';

/** A sentence if this process is one of several of Node's `cluster` and shares nothing with the others. */
export function clusterWarnings(
  { issuing, keys }: AuthSettings,
  { revocations }: Stores,
  isWorker = cluster.isWorker,
): readonly string[] {
  if (!isWorker) return [];
  const missing = [
    ...(issuing && keys === undefined ? ['`keys` (one worker makes tokens that the others refuse)'] : []),
    ...(revocations instanceof MemoryBlocklistStore
      ? ['`stores` (a log-out at one worker is not heard of by the others, and a refresh fails there)']
      : []),
  ];
  if (missing.length === 0) return [];
  return [
    `This process is one worker of a cluster, and each makes its own of what all must share. Set ${missing.join(' and ')}.`,
  ];
}
