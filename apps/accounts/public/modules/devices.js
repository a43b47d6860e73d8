// The sign-ins of the user, each with a button to end it.
import { announce, busy, element, listen, make, replaceItems, whenOf } from './dom.js';
import { act, send } from './requests.js';
import { lookNow } from './sign-in.js';
import { now, whileSignedIn } from './state.js';

export function startDevices() {
  whileSignedIn(() => void show());
  listen('end-others', 'click', async () => {
    await act('/auth/devices', undefined, 'DELETE');
    announce('All other sign-ins were ended.');
    await changed();
  });
}

async function show() {
  if (now().phase !== 'in') return void (element('devices').hidden = true);
  const { ok, content } = await send('/auth/devices', { isQuiet: true });
  if (!ok || now().phase !== 'in') return;
  element('devices').hidden = false;
  replaceItems(element('device-list'), content, deviceItem);
  element('end-others').hidden = content.length < 2;
}

async function changed() {
  await lookNow();
  await show();
}

function deviceItem({ id, label, createdAt, lastUsedAt, current }) {
  const name = label ?? 'Unknown device';
  const [since, used] = [createdAt, lastUsedAt].map(whenOf);
  const end = make('button', { type: 'button', 'data-key': id, 'aria-label': `Sign out ${name}` }, 'Sign out');
  end.addEventListener(
    'click',
    busy(end, async () => {
      await act(`/auth/devices/${encodeURIComponent(id)}`, undefined, 'DELETE');
      announce(`${name} was signed out.`);
      await changed();
    }),
  );
  const times = make('div', { class: 'hint' }, `since ${since}, last used ${used}`);
  if (current) times.append(' ', make('strong', {}, '(this one)'));
  const text = make('div', {}, make('strong', {}, name), times);
  return make('li', {}, text, end);
}
