// The form to sign in, with its second step.
import { wayHere } from './credentials.js';
import { demoCode, hasDemoApp, PASSWORDS } from './demo-users.js';
import { element, listen } from './dom.js';
import { signInBy } from './sign-in.js';
import { onChange } from './state.js';
import { WAYS } from './ways.js';

/** Between the two steps: in the memory of the page alone. */
let pending;

export function startSignInForm() {
  listen('sign-in', 'submit', firstStep);
  listen('second-step', 'submit', secondStep);
  listen('start-over', 'click', async () => startOver());
  listen('fill-in-code', 'click', async () => {
    element('code').value = await demoCode(pending.username);
    element('code').focus();
  });
  for (const button of document.querySelectorAll('[data-user]'))
    button.addEventListener('click', () => {
      fillIn(button.dataset.user);
      element('sign-in').querySelector('[type="submit"]').focus();
    });
  // The browser comes back from elsewhere, signed in by cookie if nothing else is said.
  element('sign-in-elsewhere').addEventListener('click', () => sessionStorage.setItem('by', 'cookie'));
  onChange(({ phase }) => (element('signed-out').hidden = phase === 'in'));
  explainReload();
}

/** Prepares a sign-in as the same user in another way; with the password of a demo user it goes on by itself. */
export function prepare(username, way) {
  fillIn(username);
  element('sign-in').elements.by.value = way;
  if (element('password').value === '') element('password').focus();
  else element('sign-in').requestSubmit();
}

function fillIn(username) {
  element('username').value = username;
  element('password').value = element('demo-users').hidden ? '' : (PASSWORDS[username] ?? '');
}

async function firstStep(form) {
  const { username, password, by } = Object.fromEntries(new FormData(form));
  element('sign-in-error').textContent = '';
  const { ok, content } = await signInBy(by, () => WAYS[by].signIn({ username, password }));
  if (content?.errorCode === 'further_step_required') {
    form.reset();
    await showSecondStep({ by, username, continuation: content.step.continuation });
  } else if (ok) finish(form);
  else element('sign-in-error').textContent = content?.message ?? 'Signing in did not work.';
}

async function secondStep(form) {
  const { code } = Object.fromEntries(new FormData(form));
  const { by, continuation } = pending;
  const { ok, content } = await signInBy(by, () => WAYS[by].proceed({ continuation, code }));
  form.reset();
  if (ok) {
    startOver();
    finish(form);
  } else element('second-step-error').textContent = textOfRefusedCode(content);
}

function textOfRefusedCode(content) {
  return content?.errorCode === 'invalid_credentials'
    ? 'That code is not right, was used before, or came too late.'
    : (content?.message ?? 'Signing in did not work.');
}

function finish(form) {
  form.reset();
  element('signed-in-title').focus();
}

async function showSecondStep(next) {
  pending = next;
  const isShown = next !== undefined;
  element('sign-in').hidden = isShown;
  element('second-step').hidden = !isShown;
  element('second-step-error').textContent = '';
  element('demo-code').hidden = !isShown || element('demo-users').hidden || !hasDemoApp(next.username);
  element(isShown ? 'code' : 'username').focus();
}

function startOver() {
  void showSecondStep(undefined);
}

/** A bearer token is forgotten by a reload; that is said, because it looks like a fault. */
function explainReload() {
  if (wayHere() !== 'bearer') return;
  sessionStorage.removeItem('by');
  element('sign-in-error').textContent = 'The bearer token was in the memory of this tab, and the reload forgot it.';
}

/** What a redirect says behind the #: a step that is missing, or a refusal. It is taken out of the address at once. */
export function readFragment() {
  const said = new URLSearchParams(location.hash.slice(1));
  if (!said.has('continue') && !said.has('refused')) return;
  history.replaceState(null, '', location.pathname);
  if (said.has('refused')) element('sign-in-error').textContent = REFUSED[said.get('refused')] ?? REFUSED.otherwise;
  else void showSecondStep({ by: 'cookie', continuation: said.get('continue') });
}

const REFUSED = {
  external_sign_in_refused: 'The sign-in elsewhere was not completed, or there is no account for it here.',
  external_state_invalid: 'The sign-in elsewhere was not begun in this browser, or took too long. Begin it again.',
  scheme_unavailable: 'The other service does not answer. Try again soon.',
  otherwise: 'Signing in elsewhere did not work.',
};
