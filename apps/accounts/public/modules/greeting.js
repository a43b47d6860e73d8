// The card of the account: who is signed in and with what, the motto, changing to another way, signing out.
import { announce, busy, element, listen, timeOf } from './dom.js';
import { act } from './requests.js';
import { prepare } from './sign-in-form.js';
import { lookNow, signOut } from './sign-in.js';
import { now, onChange } from './state.js';
import { WAYS } from './ways.js';

export function startGreeting() {
  onChange(show);
  listen('sign-out', 'click', async () => {
    await signOut();
    announce('Signed out.');
    element('signed-out-title').focus();
  });
  listen('change-motto', 'submit', async (form) => {
    const { ok } = await act('/account/motto', Object.fromEntries(new FormData(form)));
    if (ok) form.reset();
    await lookNow();
  });
  for (const button of document.querySelectorAll('[data-way]'))
    button.addEventListener(
      'click',
      busy(button, async () => {
        const { username } = now();
        await signOut();
        prepare(username, button.dataset.way);
      }),
    );
}

function show(state) {
  element('signed-in').hidden = state.phase !== 'in' && state.phase !== 'ended';
  showEnd(state);
  if (state.phase !== 'in') return;
  const { kept, carried, changing } = WAYS[state.scheme];
  element('who').textContent = state.username;
  element('scheme').textContent = state.scheme;
  element('kept').textContent = kept;
  element('carried').textContent = carried();
  element('motto-now').textContent = state.motto === '' ? 'none yet' : state.motto;
  element('motto-hint').textContent = changing;
  for (const button of document.querySelectorAll('[data-way]')) button.hidden = button.dataset.way === state.scheme;
}

/** Of a sign-in that was ended elsewhere only its token is still shown. */
function showEnd({ phase, username, endedAt, isExpired }) {
  const hasEnded = phase === 'ended';
  element('ended').hidden = !hasEnded;
  element('signed-in-title').closest('section').hidden = hasEnded;
  if (!hasEnded) return;
  element('ended').textContent = isExpired
    ? `The sign-in of ${username} has expired.`
    : `The sign-in of ${username} was ended from another tab or device, seen here at ${timeOf(endedAt)}. Its token had time left; the server refuses it all the same.`;
}
