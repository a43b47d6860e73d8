// What a user hovers over in an editor has an example; that all of them type-check is held by snippets.spec.ts.
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { compilerOptions } from '../support/compiler.js';
import { doors, library } from '../support/repository.js';

const MINUTE_MS = 60_000;

/** Values without an example, by the reason. */
const WITHOUT: Readonly<Record<string, readonly string[]>> = {
  'the base of other guards, and what the module registers itself': [
    'AUTH_MODULE_OPTIONS',
    'AuthErrorFilter',
    'AuthGuardBase',
    'DefaultAuthGuard',
  ],
  'thrown by the library alone': ['AuthConfigurationError', 'CookieTooLargeError'],
  'a table or a number to look up': ['ERROR_TABLE', 'MOST_REPLACED', 'SCHEMA_VERSION'],
  'a clock, whose example is that of `FixedClock`': ['Clock', 'SystemClock'],
  'a port, whose example is its contract in `nestjs-latchkey/testing`, or its documentation': [
    'BlocklistStore',
    'HostSession',
    'KeySetCache',
    'LoginStore',
    'MemoryKeySetCache',
    'OneTimeStore',
  ],
  'the base of a controller, whose example is that of the function which makes it': [
    'ClientTokenController',
    'CookieController',
    'CsrfController',
    'DevicesController',
    'SessionController',
    'TokenController',
    'WellKnownController',
  ],
  'the body of a request': [
    'ClientTokenBody',
    'ContinuationBody',
    'RefreshBody',
    'SignInBody',
    'StepBody',
    'TokenBody',
  ],
  'made by `sqlStores()`, `sqlAuditSink()` and `SqlKeySetCache`': [
    'SqlAuditSink',
    'SqlBlocklistStore',
    'SqlLoginStore',
    'SqlOneTimeStore',
    'StoredKeySetCache',
  ],
  'made by `typeOrmStores()` and `typeOrmAuditSink()`': [
    'TypeOrmAuditSink',
    'TypeOrmBlocklistStore',
    'TypeOrmLoginStore',
    'TypeOrmOneTimeStore',
  ],
  'one of `latchkeyEntities`': ['AuditEntity', 'KeySetEntity', 'LoginEntity', 'OneTimeEntity', 'RevocationEntity'],
  'one of `latchkeyMigrations`': [
    'CreateLatchkeyAudit1763887200000',
    'CreateLatchkeyKeySets1763883600000',
    'CreateLatchkeyOneTime1764504000000',
    'CreateLatchkeyTables1763880000000',
    'RememberReplacedTokens1764417600000',
  ],
};

/** The values that the doors export without an `@example` in their doc comment, by name. */
function valuesWithoutExample(): readonly string[] {
  const entries = doors.map(({ entry }) => join(library, 'src', `${entry}.ts`));
  const program = ts.createProgram(entries, compilerOptions);
  const checker = program.getTypeChecker();
  const values = entries.flatMap((entry) => {
    const file = program.getSourceFile(entry);
    const module = file && checker.getSymbolAtLocation(file);
    if (module === undefined) throw new Error(`${entry} exports nothing`);
    return checker
      .getExportsOfModule(module)
      .map((symbol) => ((symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)))
      .filter((symbol) => (symbol.flags & ts.SymbolFlags.Value) !== 0);
  });
  const bare = values.filter((symbol) => !symbol.getJsDocTags(checker).some(({ name }) => name === 'example'));
  return [...new Set(bare.map(({ name }) => name))].sort();
}

describe('the examples of what the doors export', () => {
  it(
    'are there for each decorator, function and service, but for those that are listed here with a reason',
    () => {
      expect(valuesWithoutExample()).toEqual(Object.values(WITHOUT).flat().sort());
    },
    MINUTE_MS,
  );
});
