// The report of `latchkey doctor` as text.
import type { InspectedApplication, InspectedConfiguration, InspectedKey } from '../nest/internal.js';
import type { AuditedRoute } from '../policies.js';

/** What was found, and what production makes of it. */
export interface Report {
  /** `undefined` if the application could not be created. */
  readonly found: InspectedApplication | undefined;
  readonly routes: readonly AuditedRoute[];
  /** Why production would refuse to start. */
  readonly refuses: readonly string[];
  /** What it would be warned of. */
  readonly warns: readonly string[];
}

/** What the text needs besides: the time, and the routes as a table. */
export interface TextParts {
  readonly now: number;
  readonly routes: string;
}

/** A line of the text: what it is about, and what is said. */
type Line = readonly [heading: string, text: string];

/** The report for a reader. */
export function reportText({ found, routes, refuses, warns }: Report, parts: TextParts): string {
  const facts = found === undefined ? [] : [...applicationLines(found), ...configurationsLines(found, parts.now)];
  const width = Math.max(0, ...facts.map(([heading]) => heading.length)) + 2;
  return [
    ...facts.map(([heading, text]) => `${heading.padEnd(width)}${text}`),
    ...(routes.length === 0 ? [] : ['', parts.routes]),
    '',
    ...listed('Production would refuse to start:', refuses, 'Production would start.'),
    ...listed('Production would warn:', warns, 'Production would not warn.'),
  ].join('\n');
}

function listed(heading: string, sentences: readonly string[], otherwise: string): readonly string[] {
  return sentences.length === 0 ? [otherwise] : [heading, ...sentences.map((sentence) => `  - ${sentence}`)];
}

function applicationLines({ production, proxies: { framework, trusts } }: InspectedApplication): readonly Line[] {
  return [
    ['Booted', production ? 'with NODE_ENV=production' : 'without NODE_ENV=production'],
    ['Framework', framework],
    ['Proxies', `trusts ${trusts}`],
  ];
}

function configurationsLines({ configurations }: InspectedApplication, now: number): readonly Line[] {
  return configurations.flatMap((configuration) => [
    ...(configuration.name === undefined ? [] : [['Configuration', configuration.name] as const]),
    ...configurationLines(configuration, now),
  ]);
}

function configurationLines(configuration: InspectedConfiguration, now: number): readonly Line[] {
  const { issues, issuer, audience, users, cookies, sessions, csrf } = configuration;
  return [
    ['Issuer', issues ? `${issuer}, for ${audienceText(audience)}` : 'none: this service only verifies'],
    ['Users', users ?? 'none: the token is the user'],
    ...several('Keys', configuration.keys, (key) => keyText(key, now)),
    ...several('Stores', configuration.stores, storeText),
    ...several('Cookies', cookies ?? ['off'], (text) => text),
    ['Sessions', sessions ? 'on' : 'off'],
    ['CSRF', csrf.isOn ? `on, trusts ${csrf.trustedOrigins.join(', ')}` : 'switched off'],
    ...several('Trusts', configuration.trusts, (each) => {
      return `${each.issuer}, for ${audienceText(each.audience)}; ${each.keys.join('; ')}`;
    }),
  ];
}

function several<Item>(heading: string, items: readonly Item[], text: (item: Item) => string): readonly Line[] {
  return items.map((item, index) => [index === 0 ? heading : '', text(item)] as const);
}

function audienceText(audience: readonly string[] | false): string {
  return audience === false ? 'any audience' : audience.join(', ');
}

function keyText({ kid, algorithms, state, until, madeAt }: InspectedKey, now: number): string {
  const made = madeAt === undefined ? '' : `, made ${dateText(madeAt)} (${ageText(now - madeAt)} ago)`;
  const ends = until === undefined ? '' : `, until ${dateText(until)}`;
  return `${state.padEnd(8)}${algorithms.join(', ')}  ${kid}${made}${ends}`;
}

function dateText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ');
}

function ageText(seconds: number): string {
  const [size, unit] = [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
  ].find(([size]) => seconds >= Number(size)) ?? [1, 'second'];
  const count = Math.max(0, Math.floor(seconds / Number(size)));
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

function storeText({ store, kind, state, milliseconds, reason }: InspectedConfiguration['stores'][number]): string {
  const answer = { answers: `answers in ${milliseconds} ms`, down: `is down: ${reason}`, unchecked: 'was not asked' };
  return `${store}: ${kind} ${answer[state]}`;
}
