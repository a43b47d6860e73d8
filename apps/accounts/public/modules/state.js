// Who is signed in here, as every part of the page sees it. `phase` is `out`, `in`, or `ended` for a sign-in that was ended elsewhere.

let current = { phase: 'unknown' };
const listeners = new Set();

export const now = () => current;

/** Calls the listener at each change, with the state and the one before. */
export function onChange(listener) {
  listeners.add(listener);
}

export function become(next) {
  const before = current;
  current = next;
  if (JSON.stringify({ ...before, serverTime: 0 }) === JSON.stringify({ ...next, serverTime: 0 })) return;
  for (const listener of listeners) listener(next, before);
}

const lookers = new Set();

/** Calls the listener every few seconds while a user is signed in, right after the server said so. */
export function whileSignedIn(listener) {
  lookers.add(listener);
  onChange(listener);
}

export function stillSignedIn() {
  for (const listener of lookers) listener();
}
