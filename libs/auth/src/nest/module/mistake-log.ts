// The log of mistakes that only show at run time. Each sentence is written at once and then once a minute: every request may repeat it.
import { Logger } from '@nestjs/common';
import type { Clock } from '../../core/base/clock.js';

const BETWEEN_MS = 60_000;
const REMEMBERED = 100;

/** Writes mistakes of the application to its log, as errors. Their sentences name a member and a kind of value, never a value. */
export function mistakeLog(clock: Clock, logger = new Logger('AuthModule')): (mistake: Error) => void {
  const writtenAt = new Map<string, number>();
  return ({ message, stack }) => {
    const now = clock.monotonicMs();
    const last = writtenAt.get(message);
    if (last !== undefined && now - last < BETWEEN_MS) return;
    if (writtenAt.size >= REMEMBERED) writtenAt.clear();
    writtenAt.set(message, now);
    logger.error(message, stack);
  };
}
