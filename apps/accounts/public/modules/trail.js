// The audit trail of the account, as it grows.
import { element, make, replaceItems, whenOf } from './dom.js';
import { send } from './requests.js';
import { now, whileSignedIn } from './state.js';

const WORDS = {
  sign_in: 'Signed in',
  sign_out: 'A sign-in was ended',
  refresh: 'A token was replaced',
  refresh_retry: 'A replaced token was shown again in time',
  refresh_held: 'A replaced token was shown again in time',
  refresh_reused: 'A used refresh token was shown again: that sign-in was ended',
  sign_in_step_required: 'The password was right; a code was asked for',
  sign_in_step_passed: 'The code was right',
  sign_in_step_failed: 'A wrong code was given',
  revoked: 'Tokens were revoked',
};

export function startTrail() {
  whileSignedIn(() => void show());
}

async function show() {
  if (now().phase !== 'in') return void (element('history').hidden = true);
  const { ok, content } = await send('/auth/events', { isQuiet: true });
  if (!ok || now().phase !== 'in') return;
  element('history').hidden = false;
  replaceItems(element('trail'), content, trailItem);
}

function trailItem({ type, at, current }) {
  const text = WORDS[type] ?? type;
  const alarming = /reused|failed/.test(type) ? { class: 'alarming' } : {};
  return make('li', alarming, make('span', {}, text, current ? ' (this sign-in)' : ''), make('time', {}, whenOf(at)));
}
