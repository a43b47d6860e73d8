// The list of refusals to try, each with its answer and why.
import { announce, busy, element, make } from './dom.js';
import { explain } from './explanations.js';
import { REFUSALS } from './refused-requests.js';
import { onChange } from './state.js';

export function startRefusals() {
  const items = REFUSALS.map(itemOf);
  element('refusal-list').replaceChildren(...items.map(({ item }) => item));
  onChange(({ phase }) => items.forEach(({ allow }) => allow(phase === 'in')));
}

function itemOf(refusal) {
  const button = make('button', { type: 'button' }, refusal.title);
  const answer = make('div', { class: 'answer', hidden: '' });
  const needs = make('p', { class: 'hint needs' }, 'Sign in first.');
  const tell = (text) => answer.replaceChildren(make('p', { class: 'hint' }, text));
  button.addEventListener(
    'click',
    busy(button, async () => {
      answer.hidden = false;
      tell('Waiting for the answer.');
      const received = await refusal.run(tell);
      answer.replaceChildren(...answerParts(refusal, received));
      announce(
        `${refusal.title}: ${received.status} ${received.content?.errorCode ?? ''}. ${reasonOf(refusal, received).why}`,
      );
    }),
  );
  const allow = (isSignedIn) => {
    const isPossible = isSignedIn || refusal.needsSignIn !== true;
    button.disabled = !isPossible;
    needs.hidden = isPossible;
  };
  allow(false);
  return { item: make('li', {}, button, make('p', { class: 'hint' }, refusal.sends), needs, answer), allow };
}

const reasonOf = (refusal, { ok, content }) =>
  ok ? { why: refusal.unlessRefused, cure: '' } : { ...explain(content), ...refusal.reason };

function answerParts(refusal, received) {
  const { status, ok, content } = received;
  const { why, cure, docs } = reasonOf(refusal, received);
  const line = make(
    'p',
    { class: 'verdict' },
    make('span', { class: ok ? 'pill valid' : 'pill ended' }, String(status)),
  );
  if (content?.errorCode !== undefined) line.append(' ', make('code', {}, content.errorCode));
  const parts = [line, make('p', {}, why)];
  if (cure) parts.push(make('p', {}, make('strong', {}, 'What to do: '), cure));
  if (docs) parts.push(make('p', {}, make('a', { href: docs }, `Read more about ${content.errorCode}`)));
  return parts;
}
