// The card of the token: its claims, the time that it has left, its successors.
import { announce, element, listen, make, replaceItems, timeOf } from './dom.js';
import { meaningOf } from './claims.js';
import { renew } from './sign-in.js';
import { now, onChange } from './state.js';

const TICK_MS = 250;

/** The tokens of this sign-in that were seen here, newest first. */
let chain = [];
let chainOf;

export function startTokenCard() {
  onChange(show);
  setInterval(tick, TICK_MS);
  listen('refresh', 'click', async () => {
    const before = now().jti;
    if (!(await renew())) return announce('The refresh was refused.');
    const after = now().jti;
    announce(`Refreshed: token ${short(before)} was replaced by ${short(after)}.`);
  });
}

const short = (id) => id?.slice(0, 8) ?? '';

function show(state) {
  if (state.phase !== 'in' && state.phase !== 'ended') return;
  const { scheme, claims, jti, phase } = state;
  const isSession = scheme === 'session';
  element('token-title').textContent = isSession ? 'The life of your session' : 'The life of your token';
  element('refresh').hidden = isSession || phase === 'ended';
  for (const id of ['second-tab', 'second-tab-hint']) element(id).hidden = phase === 'ended';
  element('successors').hidden = isSession;
  element('claims-title').textContent = isSession ? 'What the server keeps' : 'What it says';
  follow(state.sid, jti);
  const said = isSession ? sessionFacts(state) : Object.entries(claims);
  replaceItems(element('claims'), said, ([name, value]) => claimRow(name, value));
  tick();
}

const sessionFacts = ({ subject, sid, authTime }) =>
  Object.entries({ sub: subject, sid, auth_time: Math.floor(Date.parse(authTime) / 1000) }).filter(
    ([, value]) => value !== undefined && !Number.isNaN(value),
  );

function follow(sid, jti) {
  if (chainOf !== sid) chain = [];
  chainOf = sid;
  if (jti !== undefined && chain[0]?.jti !== jti) chain = [{ jti, at: Date.now() }, ...chain].slice(0, 4);
  replaceItems(element('chain'), chain, chainItem);
}

function chainItem({ jti, at }, index) {
  const state = index === 0 ? 'in use' : `replaced at ${timeOf(chain[index - 1].at)}`;
  return make(
    'li',
    index === 0 ? { class: 'current' } : {},
    make('code', {}, short(jti)),
    ` ${state}`,
    make('time', {}, `seen ${timeOf(at)}`),
  );
}

function claimRow(name, value) {
  const { text, meaning } = meaningOf(name, value);
  return make(
    'div',
    {},
    make('dt', {}, make('code', {}, name), make('span', { class: 'hint' }, meaning)),
    make('dd', {}, text),
  );
}

function tick() {
  const { phase, expiresAt, claims, serverTime } = now();
  if (phase !== 'in' && phase !== 'ended') return;
  const seconds =
    expiresAt === undefined ? undefined : Math.max(0, Math.ceil((Date.parse(expiresAt) - Date.now()) / 1000));
  const life = claims?.exp === undefined ? undefined : claims.exp - claims.iat;
  setText('time-left', seconds === undefined ? 'no fixed end' : duration(seconds));
  setText('time-left-of', seconds === undefined ? '' : life === undefined ? 'left' : `left of ${duration(life)}`);
  element('life').hidden = life === undefined;
  if (life !== undefined) element('life').value = Math.min(1, seconds / life);
  showState(phase === 'ended' ? 'ended' : seconds === 0 ? 'expired' : 'valid');
  setText('checked', phase === 'ended' ? '' : `Asked the server at ${timeOf(serverTime)}; it asks every second.`);
}

const STATES = { valid: 'Accepted', expired: 'Expired', ended: 'Refused: ended' };

function showState(state) {
  element('token-state').className = `pill ${state}`;
  setText('token-state', STATES[state]);
}

function setText(id, text) {
  if (element(id).textContent !== text) element(id).textContent = text;
}

function duration(seconds) {
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor((seconds % 86_400) / 3_600)];
  const clock = [Math.floor((seconds % 3_600) / 60), seconds % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours}:${clock}` : clock;
}
