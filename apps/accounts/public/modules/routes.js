// For staff: what each route of the application demands.
import { element, make } from './dom.js';
import { send } from './requests.js';
import { onChange } from './state.js';

const WHO = {
  public: 'Anyone',
  optional: 'Anyone; a user is recognized',
  guarded: 'Signed-in users',
  open: 'Anyone: no guard is stated',
};

let routes = [];

export function startRoutes() {
  onChange(async ({ phase, roles }) => {
    const isStaff = phase === 'in' && roles.includes('staff');
    element('staff').hidden = !isStaff;
    if (!isStaff || routes.length > 0) return;
    const { ok, content } = await send('/staff/routes', { isQuiet: true });
    routes = ok ? content.map(lineOf) : [];
    show();
  });
  element('route-filter').addEventListener('input', show);
}

function lineOf({ method, paths, access, schemes, policies, allows }) {
  const ways = schemes.map((scheme) => scheme.replace('?', ''));
  return {
    route: [method, paths.join(', ')],
    cells: [[WHO[access], ...allows].join(', '), ways.join(', ') || 'nothing', policies.join(', ') || 'nothing'],
    access,
  };
}

function show() {
  const wanted = element('route-filter').value.trim().toLowerCase();
  const lines = routes.filter((line) => JSON.stringify(line).toLowerCase().includes(wanted));
  element('route-rows').replaceChildren(...lines.map(rowOf));
  element('route-count').textContent = `${lines.length} of ${routes.length} routes`;
}

const HEADINGS = ['Who may call it', 'With', 'Also demanded'];

function rowOf({ route: [method, path], cells, access }) {
  const heading = make(
    'th',
    { scope: 'row', role: 'rowheader' },
    make('span', { class: 'method' }, method),
    ' ',
    make('code', {}, path),
  );
  const rest = cells.map((text, index) => make('td', { role: 'cell', 'data-label': HEADINGS[index] }, text));
  return make('tr', { class: access, role: 'row' }, heading, ...rest);
}
