import { describe, expect, it } from '@jest/globals';
import { onAuthEvent, publish } from '../../../libs/auth/src/core/base/events.js';

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('listening to events', () => {
  it('never lets a listener change a response: neither one that throws nor one that rejects', async () => {
    const seen: string[] = [];
    const stops = [
      onAuthEvent(() => {
        throw new Error('listener');
      }),
      onAuthEvent(() => Promise.reject(new Error('listener'))),
      onAuthEvent(({ type }) => void seen.push(type)),
    ];
    publish({ type: 'sign_in_refused', code: 'invalid_credentials' });
    for (const stop of stops) stop();
    publish({ type: 'sign_in_refused', code: 'invalid_credentials' });
    await turnOfTheLoop();
    expect(seen).toEqual(['sign_in_refused']);
  });
});
