// The tables of docs/seeds have every row of the systems that the library carries over once, and each row names tests that exist or
// says why it differs.
import { describe, expect, it } from '@jest/globals';
import { brokenCitations, citationsOf, citedTests, tableRows, type Citation } from '../support/citations.js';
import { filesIn, readText } from '../support/repository.js';

/** How many rows each family has. They are numbered from one. */
const FAMILIES: Readonly<Record<string, number>> = {
  'EDX-H': 15,
  'EDX-O': 12,
  'EDX-F': 14,
  'EDX-M': 7,
  'EDX-E': 5,
  'EDX-U': 14,
  'EDX-C': 10,
  'EDX-S': 7,
  'EDX-P': 5,
  'EDX-R': 10,
  'EDX-X': 28,
  'EDX-D': 21,
  'EDX-B': 7,
  'EDX-Z': 2,
  'EDX-T': 8,
  'CSRF-': 10,
  'MON-': 21,
  'LMS-': 15,
  'ADR-': 8,
  'PAR-': 13,
  'DMR-A': 13,
  'DMR-B': 14,
  'DMR-J': 14,
  'DMR-K': 12,
  'DMR-V': 14,
  'DMR-L': 9,
  'DMR-C': 11,
  'DMR-S': 10,
  'DMR-X': 15,
  'SJ-S': 17,
  'SJ-H': 13,
  'SJ-T': 13,
  'SJ-U': 7,
  'SJ-V': 16,
  'SJ-B': 8,
  'SJ-L': 5,
  'BLOG-': 13,
  'JWKS-': 10,
  'NEST-': 8,
  P: 38,
};

const expected = Object.entries(FAMILIES).flatMap(([family, size]) =>
  Array.from({ length: size }, (_, index) => `${family}${index + 1}`),
);

/** Beside tests, or in their place: a reason, or the row that has it. */
const DIFFERS = /^Differs: (?:\S.{9,}|see [A-Z]+-?[A-Z]*\d+)$/;

/** The row that alone has the reason. */
const ELSEWHERE = /^Differs: see ([A-Z]+-?[A-Z]*\d+)$/;

const isReason = (part: string) => DIFFERS.test(part) && !ELSEWHERE.test(part);

/** The codes of the error table with their statuses. */
const statuses = new Map(
  [...readText('docs/errors.md').matchAll(/^\| `([a-z_]+)` \| (\d{3}) /gm)].map(([, code = '', status = '']) => [
    code,
    status,
  ]),
);

/** The error codes and statuses that a row promises and that stand in none of the tests that it names. */
function unprovenOf(here: string, citations: readonly Citation[]): string[] {
  const tests = citations.flatMap(citedTests);
  const proven = tests.map((test) => test.words()).join('\n');
  const codes = [...statuses.keys()].filter((code) => here.includes(`\`${code}\``));
  const implied = [...statuses].filter(([code]) => proven.includes(code)).map(([, status]) => status);
  const promised = [...here.matchAll(/\b[2345]\d\d\b/g)]
    .map(([status]) => status)
    .filter((each) => !implied.includes(each));
  return tests.length === 0 ? [] : [...codes, ...promised].filter((each) => !proven.includes(each));
}

/** The names in camel case that begin a code span, the last one of a path: `access.ttl` names `ttl`. */
const namesIn = (cell: string) =>
  [...cell.matchAll(/`@?([\w.[\]]+)[^`]*`/g)].flatMap(([, path = '']) => /[A-Za-z]*[a-z][A-Z]\w*$/.exec(path) ?? []);

/** What is wrong with the rows of a table; empty if nothing is. */
function problemsOf(document: string): string[] {
  return tableRows(document).flatMap((row) => {
    const [id, there, here, last = ''] = row;
    if (row.length !== 4 || !id || !there || !here) return [`not a row: ${row.join(' | ')}`];
    const citations = citationsOf(last);
    const stated = last.split('<br>').filter((part) => DIFFERS.test(part));
    const unread = last.split('<br>').filter((part) => citationsOf(part).length === 0 && !DIFFERS.test(part));
    return [
      ...(citations.length + stated.length === 0 ? [`${id}: no test, and nothing that says why it differs`] : []),
      ...(unread.length > 0 && last !== '' ? [`${id}: cannot be read: ${unread.join('<br>')}`] : []),
      ...brokenCitations(citations).map((problem) => `${id}: ${problem}`),
      ...unprovenOf(here, citations).map((each) => `${id}: no test that it names has ${each}`),
    ];
  });
}

const tables = filesIn('docs/seeds', '.md').map((path) => readText(path));

describe('the tables of docs/seeds', () => {
  it('have each row once', () => {
    const ids = tables.flatMap(tableRows).map(([id = '']) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    expect(expected.filter((id) => !ids.includes(id))).toEqual([]);
    expect(ids.filter((id) => !expected.includes(id))).toEqual([]);
  });

  it('name tests that exist, or say why a row differs', () => {
    expect(tables.flatMap(problemsOf)).toEqual([]);
  });

  it.each([
    ['names no test', '', 'no test, and nothing that says why it differs'],
    ['differs without a reason', 'Differs: so', 'no test, and nothing that says why it differs'],
    ['names a test that does not exist', '`attacks/csrf.spec.ts`: "is accepted"', 'has no "is accepted"'],
    ['names a suite', '`attacks/csrf.spec.ts`: "a request that is not from our page"', 'has no "a request that is not'],
    ['names a string that is no title', '`attacks/csrf.spec.ts`: "x-csrf-token"', 'has no "x-csrf-token"'],
    [
      'names a case that the table lacks',
      '`core/policies/policies.spec.ts`: "decides for a third eye"',
      'has no "decides for a third eye"',
    ],
    ['works in part', 'Partly: the second half is missing', 'cannot be read: Partly'],
    ['is missing', 'Missing: it is not there yet', 'cannot be read: Missing'],
    [
      'promises a code that its test does not know',
      '`attacks/csrf.spec.ts`: "need no CSRF token"',
      'has user_disabled',
    ],
    ['promises a status that its test does not know', '`attacks/csrf.spec.ts`: "need no CSRF token"', 'has 410'],
    ['names a file that does not exist', '`attacks/none.spec.ts`: "is accepted"', 'no file test/attacks/none.spec.ts'],
    ['has words beside its tests', '`attacks/csrf.spec.ts`: "need no CSRF token"<br>and others', 'cannot be read'],
  ])('are searched for a row that %s', (_, cell, problem) => {
    const document = `| Id | There | Here | Test |\n|---|---|---|---|\n| X | this | 410 \`user_disabled\` | ${cell} |`;
    expect(problemsOf(document)).toContainEqual(expect.stringContaining(problem));
  });
});

describe('docs/seeds.md', () => {
  const index = readText('docs/seeds.md');
  const differences = index.slice(index.indexOf('## Differences to look for'), index.indexOf('## Where the systems'));
  const rows = tables.flatMap(tableRows);
  const differing = rows.filter(([, , , last = '']) => last.includes('Differs: '));

  it('lists each row that differs once, and no other row', () => {
    const listed = tableRows(differences).flatMap((row) => row.at(-1)?.split(', ') ?? []);
    expect(listed.sort()).toEqual(differing.map(([id]) => id).sort());
  });

  it('says of each difference what to do about it', () => {
    expect(tableRows(differences).filter((row) => row.length !== 4 || row.some((cell) => cell.trim() === ''))).toEqual(
      [],
    );
  });

  it('leads from a row without a reason to one that has it', () => {
    const reasoned = differing.filter(([, , , last = '']) => last.split('<br>').some((part) => isReason(part)));
    const ids = reasoned.map(([id]) => id);
    const led = differing.flatMap(([id, , , last = '']) =>
      last.split('<br>').flatMap((part) => {
        const [, there] = ELSEWHERE.exec(part) ?? [];
        return there === undefined || ids.includes(there) ? [] : [`${id} leads to ${there}`];
      }),
    );
    expect(led).toEqual([]);
  });

  it('names no option, decorator or service that the other pages do not have', () => {
    const pages = filesIn('docs', '.md').filter((path) => !/^docs\/(adr|seeds|attacks|migrating)\b/.test(path));
    const read = pages.map((path) => readText(path)).join('\n');
    const names = rows.flatMap(([, , here = '']) => namesIn(here));
    expect(names.length).toBeGreaterThan(100);
    expect([...new Set(names)].filter((name) => !new RegExp(`\\b${name}\\b`).test(read))).toEqual([]);
  });

  it('counts the rows of each table', () => {
    const counted = tableRows(index).filter((row) => row.length === 3 && row[0]?.includes('](seeds/'));
    const counts = counted.map(([link = '', count = '']) => {
      const [, path = ''] = /\]\((seeds\/[^)]+)\)/.exec(link) ?? [];
      return [path, Number(count), tableRows(readText(`docs/${path}`)).length];
    });
    expect(counts.length).toBe(tables.length);
    expect(counts.filter(([, said, real]) => said !== real)).toEqual([]);
  });

  it('leads to every table', () => {
    expect(filesIn('docs/seeds', '.md').filter((path) => !index.includes(`(${path.slice('docs/'.length)})`))).toEqual(
      [],
    );
  });
});
