// The walks of docs/architecture.md: each line names files, and functions that are declared in them.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { library, readText } from '../support/repository.js';

const FILE = /^(?:[a-z-]+\/)+[a-z0-9.-]+\.ts$/;
const NAME = /^#?[A-Za-z]\w*$/;

interface Step {
  readonly line: string;
  readonly files: readonly string[];
  readonly names: readonly string[];
}

/** The numbered lines of a text, with the files and names that they have between backticks. */
function stepsIn(text: string): readonly Step[] {
  return text
    .split('\n')
    .filter((line) => /^\d+\. /.test(line))
    .map((line) => {
      const quoted = [...line.matchAll(/`([^`]+)`/g)].map(([, inside = '']) => inside.replace(/\(.*\)$/, ''));
      return { line, files: quoted.filter((each) => FILE.test(each)), names: quoted.filter((each) => NAME.test(each)) };
    });
}

/** The names that a file declares: functions, classes and their methods, constants, types, and members of objects such as an option. */
function declaredIn(file: string): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (isDeclaration(node) && (ts.isIdentifier(node.name) || ts.isPrivateIdentifier(node.name)))
      names.add(node.name.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readText(`libs/auth/src/${file}`), ts.ScriptTarget.Latest));
  return names;
}

/** False for parameters, imports and uses: that a file mentions a name does not make it the place to look. */
function isDeclaration(node: ts.Node): node is ts.Node & { readonly name: ts.Node } {
  const isOne =
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isVariableDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isPropertyAssignment(node);
  return isOne && node.name !== undefined;
}

/** What a step names and the sources do not have. A name must be declared in a file of its step. */
function missingIn({ files, names }: Step): readonly string[] {
  const absent = files.filter((file) => !existsSync(join(library, 'src', file)));
  if (absent.length > 0) return absent;
  const declared = new Set(files.flatMap((file) => [...declaredIn(file)]));
  return names.filter((name) => !declared.has(name) && !ELSEWHERE.has(name));
}

/** Names that a step mentions and that another file declares. */
const ELSEWHERE = new Set([
  'Attempt',
  'Authorization',
  'AuthConfigurationError',
  'AuthSettings',
  'AUTH_MODULE_OPTIONS',
  'RouteRequirements',
  'TokenService',
  'UPDATE',
  'eager',
  'exp',
  'iss',
]);

const document = readText('docs/architecture.md');
const walks = (document.split('\n## Three walks\n')[1] ?? '').split('\n## ')[0] ?? '';

describe('the walks of docs/architecture.md', () => {
  it('name a file in each step, and only what is declared in it', () => {
    const steps = stepsIn(walks);
    expect(steps.length).toBeGreaterThan(40);
    expect(steps.filter(({ files }) => files.length === 0)).toEqual([]);
    expect(steps.flatMap((step) => missingIn(step).map((name) => `${name}: ${step.line}`))).toEqual([]);
  });

  it.each([
    ['1. `core/tokens/jws.ts`: `parseToken`.', 'parseToken'],
    ['1. `core/tokens/no-file.ts`: `parseJws`.', 'core/tokens/no-file.ts'],
    ['1. `core/tokens/claims.ts`: `parseJws`.', 'parseJws'],
    ['1. `core/tokens/claims.ts`: `assertKind`, which it imports and calls.', 'assertKind'],
  ])('are searched for what is not there: %s', (line, name) => {
    expect(stepsIn(line).flatMap(missingIn)).toEqual([name]);
  });
});

it('docs/architecture.md names no file that is not there', () => {
  const named = [...document.matchAll(/`((?:core|nest|controllers|sql|redis|typeorm)\/[\w./-]+\.ts)`/g)].map(
    ([, file = '']) => file,
  );
  expect(named.length).toBeGreaterThan(60);
  expect(named.filter((file) => !existsSync(join(library, 'src', file)))).toEqual([]);
});
