// The log of what only shows at run time: mistakes, and in development pages that were refused. Each sentence is written at once and
// then once a minute, because every request may repeat it.
import { Logger } from '@nestjs/common';
import type { Clock } from '../../core/base/clock.js';

const BETWEEN_MS = 60_000;
const REMEMBERED = 100;

/** Writes mistakes of the application to its log, as errors. Their sentences name a member and a kind of value, never a value. */
export function mistakeLog(clock: Clock, logger = new Logger('AuthModule')): (mistake: Error) => void {
  const isDue = onceAMinute(clock);
  return ({ message, stack }) => {
    if (isDue(message)) logger.error(message, stack);
  };
}

/** Writes why pages were refused, as warnings. For development: clients choose a part of the sentences. */
export function pageLog(clock: Clock, logger = new Logger('AuthModule')): (explanation: string) => void {
  const isDue = onceAMinute(clock);
  return (explanation) => {
    if (isDue(explanation)) logger.warn(explanation);
  };
}

function onceAMinute(clock: Clock): (sentence: string) => boolean {
  const writtenAt = new Map<string, number>();
  return (sentence) => {
    const now = clock.monotonicMs();
    const last = writtenAt.get(sentence);
    if (last !== undefined && now - last < BETWEEN_MS) return false;
    if (writtenAt.size >= REMEMBERED) writtenAt.clear();
    writtenAt.set(sentence, now);
    return true;
  };
}
