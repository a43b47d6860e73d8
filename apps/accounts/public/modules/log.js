// The log of requests.
import { element, make, timeOf } from './dom.js';

const KEPT = 12;

export function note(request, { status, ok, content, challenge }) {
  const details = [content?.errorCode, content?.message, challenge].flat().filter(Boolean);
  const entry = make(
    'li',
    ok ? {} : { class: 'refused' },
    make('span', { class: 'what' }, `${request} → ${status}`),
    make('time', {}, timeOf(Date.now())),
    ...details.map((detail) => make('div', {}, detail)),
  );
  const log = element('log');
  log.prepend(entry);
  while (log.children.length > KEPT) log.lastElementChild.remove();
}
