// The page: plain requests to the API, as any single-page application makes them. The browser keeps the credentials, the page none.

const element = (id) => document.getElementById(id);
const DEMO_WAIT_SECONDS = 7;

/** Sends a request and writes down what was said. */
async function send(path, { method = 'GET', body, headers = {}, credentials = 'same-origin' } = {}) {
  const answer = await fetch(path, {
    method,
    credentials,
    cache: 'no-store',
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const content = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : undefined;
  note(`${method} ${path}`, answer, content);
  return { status: answer.status, ok: answer.ok, content };
}

/** Unsafe requests show that they come from this page: with a token that no other site can read. */
async function act(path, body, method = 'POST') {
  const headers = { 'x-csrf-token': await csrfToken() };
  return send(path, { method, body, headers });
}

async function csrfToken() {
  const answer = await fetch('/auth/csrf', { credentials: 'same-origin', cache: 'no-store' });
  return (await answer.json()).csrfToken;
}

function note(request, answer, content) {
  const entry = document.createElement('li');
  entry.classList.toggle('refused', !answer.ok);
  const what = document.createElement('span');
  what.className = 'what';
  what.textContent = `${request} → ${answer.status}`;
  entry.append(what);
  const details = [content?.errorCode, content?.message, answer.headers.get('www-authenticate'), content?.scheme];
  for (const detail of details.flat().filter(Boolean)) {
    const line = document.createElement('div');
    line.textContent = detail;
    entry.append(line);
  }
  const log = element('log');
  log.prepend(entry);
  while (log.children.length > 12) log.lastElementChild.remove();
}

/** Asks who is there; where the access cookie has ended, refreshes once. */
async function whoIsThere() {
  const first = await send('/account');
  if (first.ok) return first.content;
  if (first.status !== 401 || sessionStorage.getItem('by') !== 'cookie') return undefined;
  const refreshed = await act('/auth/cookie/refresh');
  if (!refreshed.ok) return undefined;
  const second = await send('/account');
  return second.ok ? second.content : undefined;
}

async function show({ focus = false } = {}) {
  const person = await whoIsThere();
  element('signed-out').hidden = person !== undefined;
  element('signed-in').hidden = person === undefined;
  element('devices').hidden = true;
  for (const button of document.querySelectorAll('[data-signed-in]')) button.hidden = person === undefined;
  if (person !== undefined) {
    element('who').textContent = person.username;
    element('scheme').textContent = person.scheme;
    element('motto-now').textContent = person.motto === '' ? 'none yet' : person.motto;
    element('refresh').hidden = person.scheme !== 'cookie';
  }
  if (focus) element(person === undefined ? 'signed-out-title' : 'signed-in-title').focus();
  if (person !== undefined) await showDevices();
}

async function showDevices() {
  const { ok, content } = await send('/auth/devices');
  element('devices').hidden = !ok;
  if (!ok) return;
  element('device-list').replaceChildren(...content.map(deviceItem));
  element('end-others').hidden = content.length < 2;
}

function deviceItem({ id, label, createdAt, lastUsedAt, current }) {
  const item = document.createElement('li');
  const name = label ?? 'Unknown device';
  const text = document.createElement('span');
  const [since, used] = [createdAt, lastUsedAt].map((time) => new Date(time).toLocaleString());
  text.textContent = `${name}, since ${since}, last used ${used}${current ? ' (this one)' : ''}`;
  item.append(text);
  if (current) return item;
  const end = document.createElement('button');
  end.type = 'button';
  end.textContent = 'Sign out';
  end.setAttribute('aria-label', `Sign out ${name}`);
  end.addEventListener(
    'click',
    busy(end, async () => {
      await act(`/auth/devices/${encodeURIComponent(id)}`, undefined, 'DELETE');
      await showDevices();
    }),
  );
  item.append(end);
  return item;
}

/** One click, one request: the button rests until the answer is there. */
function busy(button, work) {
  return async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await work(event);
    } catch {
      element('sign-in-error').textContent = 'The server could not be reached.';
    } finally {
      button.disabled = false;
    }
  };
}

async function signIn(form) {
  const { username, password, by } = Object.fromEntries(new FormData(form));
  element('sign-in-error').textContent = '';
  const { ok, content } = await act(`/auth/${by}/login`, { username, password });
  if (content?.errorCode === 'further_step_required') {
    pending = { by, continuation: content.step.continuation };
    form.reset();
    showSecondStep(true);
    return;
  }
  if (!ok) {
    element('sign-in-error').textContent = content?.message ?? 'Signing in did not work.';
    return;
  }
  form.reset();
  await signedIn(by);
}

/** Between the two steps: in the memory of the page alone. */
let pending;

function showSecondStep(isShown) {
  element('sign-in').hidden = isShown;
  element('second-step').hidden = !isShown;
  element('second-step-error').textContent = '';
  element(isShown ? 'code' : 'username').focus();
}

async function takeSecondStep(form) {
  const { code } = Object.fromEntries(new FormData(form));
  const { by, continuation } = pending;
  const { ok, content } = await act(`/auth/${by}/continue`, { continuation, code });
  form.reset();
  if (!ok) {
    const isRefused = content?.errorCode === 'invalid_credentials';
    element('second-step-error').textContent = isRefused
      ? 'That code is not right, was used before, or came too late.'
      : (content?.message ?? 'Signing in did not work.');
    return;
  }
  startOver();
  await signedIn(by);
}

function startOver() {
  pending = undefined;
  showSecondStep(false);
}

async function signedIn(by) {
  sessionStorage.setItem('by', by);
  await show({ focus: true });
}

async function signOut() {
  const by = element('scheme').textContent === 'session' ? 'session' : 'cookie';
  await act(`/auth/${by}/logout`);
  sessionStorage.removeItem('by');
  await show({ focus: true });
}

const refusals = {
  missing: () => send('/account', { credentials: 'omit' }),
  spoilt: () => send('/account', { credentials: 'omit', headers: { authorization: 'Bearer not.a.token' } }),
  'no-csrf': () => send('/account/motto', { method: 'POST', body: { motto: 'forged' } }),
  /** A token that lives for a second, and what it is worth afterwards. */
  expired: async () => {
    const { ok, content } = await act('/account/short-lived');
    if (!ok) return;
    await new Promise((resolve) => setTimeout(resolve, DEMO_WAIT_SECONDS * 1000));
    await send('/account', { credentials: 'omit', headers: { authorization: `Bearer ${content.token}` } });
  },
};

function listen(id, type, work) {
  const target = element(id);
  const button = target.querySelector('button[type="submit"]') ?? target;
  target.addEventListener(
    type,
    busy(button, () => work(target)),
  );
}

listen('sign-in', 'submit', signIn);
listen('second-step', 'submit', takeSecondStep);
listen('start-over', 'click', async () => startOver());
listen('change-motto', 'submit', async (form) => {
  const { ok, content } = await act('/account/motto', Object.fromEntries(new FormData(form)));
  if (ok) {
    element('motto-now').textContent = content.motto;
    form.reset();
  }
});
listen('refresh', 'click', () => act('/auth/cookie/refresh'));
listen('sign-out', 'click', signOut);
listen('end-others', 'click', async () => {
  await act('/auth/devices', undefined, 'DELETE');
  await showDevices();
});
for (const button of document.querySelectorAll('[data-refusal]')) {
  button.addEventListener('click', busy(button, refusals[button.dataset.refusal]));
}

/** The browser comes back from elsewhere, signed in by cookie if nothing else is said. */
element('sign-in-elsewhere').addEventListener('click', () => sessionStorage.setItem('by', 'cookie'));

/** What a redirect says behind the #: a step that is missing, or a refusal. It is taken out of the address at once. */
function readFragment() {
  const said = new URLSearchParams(location.hash.slice(1));
  if (!said.has('continue') && !said.has('refused')) return;
  history.replaceState(null, '', location.pathname);
  if (said.has('refused')) element('sign-in-error').textContent = REFUSED[said.get('refused')] ?? REFUSED.otherwise;
  else {
    pending = { by: 'cookie', continuation: said.get('continue') };
    showSecondStep(true);
  }
}

const REFUSED = {
  external_sign_in_refused: 'The sign-in elsewhere was not completed, or there is no account for it here.',
  external_state_invalid: 'The sign-in elsewhere was not begun in this browser, or took too long. Begin it again.',
  scheme_unavailable: 'The other service does not answer. Try again soon.',
  otherwise: 'Signing in elsewhere did not work.',
};

await show();
readFragment();
