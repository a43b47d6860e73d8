// Walks the declarations of all options: each is documented, is refused in a good sentence, and is known to editors.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { readOptions } from '../../../../libs/auth/src/core/base/read-options.js';
import type { AnyOption } from '../../../../libs/auth/src/core/base/option.js';
import { documentedControllers } from '../../../../libs/auth/src/controllers/documented-options.js';
import { documentedOptions } from '../../../../libs/auth/src/nest/options/documented-options.js';
import { readStructure, resolveAuthOptions } from '../../../../libs/auth/src/nest/options/options-check.js';
import { optionsDocument } from '../../../../tools/options-document.js';
import { compilerOptions } from '../../../support/compiler.js';
import { library, readText } from '../../../support/repository.js';

interface Walked {
  readonly path: string;
  readonly names: readonly string[];
  readonly option: AnyOption;
}

/** The option and everything in it. */
function walk(members: Readonly<Record<string, AnyOption>>, inside: readonly string[] = []): readonly Walked[] {
  return Object.entries(members).flatMap(([name, option]) => {
    const names = [...inside, name];
    return [{ path: names.join('.'), names, option }, ...walk(option.members ?? {}, names)];
  });
}

const [structure, values, ring] = documentedOptions;
const ofModule = [...walk(structure.group.members ?? {}), ...walk(values.group.members ?? {})];
const ofRing = walk(ring.group.members ?? {}, ['keys']);
const ofControllers = Object.entries(documentedControllers).flatMap(([name, { members = {} }]) =>
  walk(members, [name]),
);
const table = (options: readonly Walked[]) => options.map((each) => [each.path, each] as const);

/** Everything that the start-up would say about options. */
function problemsOf(asked: object): readonly string[] {
  const { problems } = readStructure(asked);
  const isStructure = (name: string) => Object.hasOwn(structure.group.members ?? {}, name);
  const given = Object.fromEntries(Object.entries(asked).filter(([name]) => !isStructure(name)));
  try {
    resolveAuthOptions(given, { production: false, stores: undefined, problems });
    return [];
  } catch (error) {
    return (error as { readonly problems: readonly string[] }).problems;
  }
}

/** What an entry of `trust` must have besides. */
const KEYS = {
  discovery: {},
  metadataUri: { discovery: true },
  jwks: {},
  secret: { alg: 'HS256' },
  alg: { secret: randomBytes(32) },
  kid: { secret: randomBytes(32), alg: 'HS256' },
};

function trustWith([name = '', inner]: readonly string[], refused: unknown): object {
  const entry = { issuer: 'https://a.example', audience: 'a', keys: { jwksUri: 'https://a.example/jwks' } };
  if (name === 'keys' && inner !== undefined) {
    const keys = { ...(KEYS[inner as keyof typeof KEYS] ?? entry.keys), [inner]: refused };
    // Only a source of a list has algorithms of its own.
    return { ...entry, keys: inner === 'algorithms' ? [keys] : keys };
  }
  const tenants = name === 'tenants' ? { issuer: 'https://a.example/{tenantid}' } : {};
  return { ...entry, ...tenants, [name]: inner === undefined ? refused : { [inner]: refused } };
}

/** The options in which one member has this value. Entries of lists stand in a list. */
function optionsWith({ names, option }: Walked): object {
  const [group, ...inner] = names;
  if (group === 'trust' && inner.length > 0) return { trust: [trustWith(inner, option.refused)] };
  const lists = ofModule.filter(({ option: { accepts } }) => /^a list\b/.test(accepts)).map(({ path }) => path);
  return names.reduceRight<unknown>((inner, name, depth) => {
    const isEntryOf = depth < names.length - 1 && lists.includes(names.slice(0, depth + 1).join('.'));
    return { [name]: isEntryOf ? [inner] : inner };
  }, option.refused) as object;
}

/** What is refused is named, and what is accepted is said. */
const SENTENCE =
  / (is|are|has) .*accepted (is|are|in braces is) ['{\w]| must (be|name) ['\w]| is required[:,] | is too easy | is not an https address/s;

/** An address is refused by the entry, because what it may be depends on other options. */
function namedFor(path: string): string {
  return /^trust\.keys\.(jwksUri|metadataUri)$/.test(path) ? 'trust.keys: ' : path;
}

describe('every option', () => {
  it.each(table([...ofModule, ...ofRing, ...ofControllers]))(
    '%s says what it does, what it accepts and its default',
    (_, { option }) => {
      expect(option.summary).toMatch(/^[\w`].{3,}[^.]$/s);
      expect(option.accepts).toMatch(/\w/);
      expect(option.byDefault).toMatch(/\w|\[\]/);
    },
  );

  it.each(table([...ofModule, ...ofRing, ...ofControllers]))('%s has a default that it accepts', (path, { option }) => {
    const { problems } = option.absent({ path, production: false });
    expect(problems).toEqual(option.byDefault === 'required' ? [expect.stringMatching(/ is required: /)] : []);
  });

  it.each(table(ofModule))('%s refuses a wrong value: its name, what was given, what is accepted', (path, walked) => {
    const problems = problemsOf(optionsWith(walked));
    const [said = ''] = problems.filter((problem) => problem.replaceAll(/\[\d+\]/g, '').startsWith(namedFor(path)));
    expect(said).toMatch(SENTENCE);
    expect(said.length).toBeLessThan(400);
  });

  it.each(table([...ofRing, ...ofControllers]))('%s refuses a wrong value', (path, { option }) => {
    const [said = ''] = option.read(option.refused, { path, production: false }).problems;
    expect(said.startsWith(path)).toBe(true);
    expect(said).toMatch(/ (is|must be) ['\w]/);
  });

  it.each(Object.entries(documentedControllers))('%s() refuses a name that does not exist', (name, option) => {
    const [known = ''] = Object.keys(option.members ?? {});
    expect(() => readOptions<unknown>(name, option, { [`${known}x`]: 1 })).toThrow(
      `${name}: ${known}x is not an option; did you mean ${known}?`,
    );
  });

  it.each(table(ofModule.filter(({ option }) => option.members !== undefined)))(
    '%s refuses a name that does not exist, with the nearest one',
    (path, { names, option }) => {
      const [known = ''] = Object.keys(option.members ?? {});
      const wrong = { ...(path === 'trust.keys' && { jwksUri: 'https://a.example/jwks' }), [`${known}x`]: 1 };
      const refused = /^a list\b/.test(option.accepts) ? [wrong] : wrong;
      const misspelt = optionsWith({ path, names, option: { ...option, refused } });
      expect(problemsOf(misspelt).join('\n')).toMatch(
        new RegExp(`\\.${known}x is not (an option; did you mean ${known}|a limit; there are ${known})`),
      );
    },
  );
});

const program = ts.createProgram([join(library, 'src/nest/options/auth.options.ts')], compilerOptions);
const checker = program.getTypeChecker();

/** The interfaces that a type is made of: of a union each, and of a list its entries. */
function interfacesIn(type: ts.Type): readonly ts.Type[] {
  const own = checker.getNonNullableType(type);
  const entry = own.isUnion() ? undefined : checker.getIndexTypeOfType(own, ts.IndexKind.Number);
  if (entry !== undefined) return interfacesIn(entry);
  return own.isUnion() ? own.types.flatMap(interfacesIn) : [own];
}

/** The member of an interface as an editor shows it. */
function hoverOf(names: readonly string[], type: ts.Type): ts.Symbol | undefined {
  const [name = '', ...inner] = names;
  const found = interfacesIn(type).map((each) => checker.getPropertyOfType(each, name));
  const symbol = found.find((each) => each !== undefined);
  return symbol === undefined || inner.length === 0 ? symbol : hoverOf(inner, checker.getTypeOfSymbol(symbol));
}

function typeNamed(name: string): ts.Type {
  const file = program.getSourceFile(join(library, 'src/nest/options/auth.options.ts'));
  const module = file === undefined ? undefined : checker.getSymbolAtLocation(file);
  const symbol =
    module === undefined ? undefined : checker.getExportsOfModule(module).find((each) => each.name === name);
  if (symbol === undefined) throw new Error(`there is no type ${name}`);
  return checker.getDeclaredTypeOfSymbol(checker.getAliasedSymbol(symbol));
}

const types = [typeNamed('AuthModuleStructure'), typeNamed('AuthModuleOptions')];

describe('the interface in an editor', () => {
  it.each(table(ofModule))('documents %s, with the default of its declaration', (_, { names, option }) => {
    const symbol = types.map((type) => hoverOf(names, type)).find((each) => each !== undefined);
    expect(ts.displayPartsToString(symbol?.getDocumentationComment(checker))).toMatch(/\w/);
    const code = /^`([^`]*)`$/.exec(option.byDefault)?.[1];
    const stated = symbol?.getJsDocTags(checker).find(({ name }) => name === 'defaultValue');
    if (code !== undefined) expect(ts.displayPartsToString(stated?.text)).toBe(code);
  });
});

it('keeps docs/options.md in step with the declarations (npm run build && node tools/options-document.js)', () => {
  expect(readText('docs/options.md')).toBe(optionsDocument(documentedOptions, documentedControllers));
});
