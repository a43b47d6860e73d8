// Compiles a program that opens every door, under each kind of module resolution, in the folder that it runs in:
// `node compile.cjs typescript-5.4 '["nestjs-latchkey"]' CommonJS`. Prints what the compiler finds in the program and in the declarations of
// the library, one line each, and then the kinds. Nest 12 is left out of CommonJS, where TypeScript before 5.8 refuses it.
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');

const [, , compiler = '', specifiers = '', kind] = process.argv;
/** @type {typeof import('typescript')} */
const ts = require(require.resolve(compiler, { paths: [process.cwd()] }));
/** @type {readonly string[]} */
const doors = JSON.parse(specifiers);
const withCommonJs = kind === 'CommonJS';
const major = Number(ts.version.split('.')[0]);

const code = `
${doors.map((door, index) => `import * as door${index} from '${door}';`).join('\n')}
import { AuthModule, type AuthUser, type AuthModuleOptions } from 'nestjs-latchkey';
import { tokenController } from 'nestjs-latchkey/controllers';

declare module 'nestjs-latchkey' {
  interface Register {
    user: { id: string; nickname: string };
  }
}

export const opened = [${doors.map((_, index) => `door${index}`).join(', ')}];
export const nickname = (user: AuthUser): string => user.nickname;
export const options: AuthModuleOptions = { access: { ttl: '10m' } };
export const made = AuthModule.forRoot({ ...options, controllers: [tokenController()] });
// @ts-expect-error -- not the types of the library, if this is no mistake
export const mistaken: AuthModuleOptions = { access: { ttl: true } };
`;

const { ModuleKind, ModuleResolutionKind } = ts;
/** @type {readonly (readonly [string, string, import('typescript').ModuleKind, import('typescript').ModuleResolutionKind])[]} */
const programs = [
  ['node', 'main.ts', ModuleKind.CommonJS, ModuleResolutionKind.Node10],
  ['node16, CommonJS', 'main.cts', ModuleKind.Node16, ModuleResolutionKind.Node16],
  ['node16, ES module', 'main.mts', ModuleKind.Node16, ModuleResolutionKind.Node16],
  ['nodenext, CommonJS', 'main.cts', ModuleKind.NodeNext, ModuleResolutionKind.NodeNext],
  ['nodenext, ES module', 'main.mts', ModuleKind.NodeNext, ModuleResolutionKind.NodeNext],
  ['bundler', 'main.mts', ModuleKind.ESNext, ModuleResolutionKind.Bundler],
];

const chosen = programs.filter(([, file]) => withCommonJs || file === 'main.mts');
for (const [name, file, module, moduleResolution] of chosen) {
  writeFileSync(file, code);
  const path = join(process.cwd(), file);
  const program = ts.createProgram([path], {
    module,
    moduleResolution,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    noEmit: true,
    esModuleInterop: true,
    experimentalDecorators: true,
    // So that the declarations are checked too.
    skipLibCheck: false,
    types: ['node'],
    ...(major >= 6 && { ignoreDeprecations: '6.0' }),
  });
  const found = ts.getPreEmitDiagnostics(program).filter(({ file: where }) => isOurs(where?.fileName));
  for (const each of found) {
    const text = ts.flattenDiagnosticMessageText(each.messageText, ' ').slice(0, 300);
    console.log(`TypeScript ${ts.version}, ${name}, ${each.file?.fileName ?? ''}: TS${each.code} ${text}`);
  }
}
console.log(chosen.map(([name]) => name).join('; '));

/**
 * Declarations of others have mistakes of their own.
 *
 * @param {string | undefined} fileName
 */
function isOurs(fileName) {
  return fileName === undefined || !fileName.includes('node_modules') || fileName.includes('/nestjs-latchkey/');
}
