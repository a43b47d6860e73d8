// The `latchkey` command: what an operator or developer does outside of the application. Results go to standard output; what is
// wrong goes to standard error, with exit code 1, or 2 if the words were not understood.
import { text } from 'node:stream/consumers';
import { SystemClock, AuthConfigurationError } from '../core/internal.js';
import { type Command, type CommandContext, UsageError } from './command.js';
import { doctor } from './doctor.js';
import { init } from './init.js';
import { inspect } from './inspect.js';
import { keys } from './keys.js';
import { routes } from './routes.js';
import { schema } from './schema.js';
import { token } from './token.js';

/** How each command is used. */
const USAGE = {
  init: `  init [--defaults] [--orm typeorm|prisma|none] [--source-root src] [--dry-run] [--skip-install]
                                                       sets authentication up in the project of Nest in this folder: module,
                                                       user source, migration, .env.example, a first test; overwrites nothing`,
  keys: `  keys generate [--dir .data/keys] [--alg ES256]       make a directory of signing keys; overwrites nothing
  keys rotate   [--dir] [--alg] [--overlap 14d] [--stolen]
                                                       the next key signs from now on, a new next one is published
  keys list     [--dir]                                what each key is for`,
  token: `  token --issuer <address> --audience <name> (--subject <id> | --client <id>) [--scope "a b"] [--roles "a b"]
        [--ttl 15m] [--stamp <stamp>] [--restricted] [--dir]
                                                       a development token; refuses with NODE_ENV=production`,
  inspect: `  inspect [<token>] [--dir | --jwks <address>] [--issuer] [--audience] [--kind access|refresh] [--types at+jwt,jwt]
  inspect [<token>] --preset <auth0> [--domain <name> --audience <name> ...]
                                                       what a token says, and what verification makes of it, with the
                                                       rule that refused it; --preset applies the rules of a provider,
                                                       whose options are typed as --user-pool-id, --client-id; reads
                                                       standard input if no token is given, which keeps it out of the
                                                       history of the shell and the list of processes`,
  routes: `  routes <dist/app.module.js> [--export AppModule] [--json]
                                                       what every route of an application demands; nothing is started`,
  doctor: `  doctor <dist/main.js | dist/app.module.js> [--export AppModule] [--timeout 60s] [--json]
                                                       boots an application without listening: routes, keys, stores, cookies,
                                                       proxies, issuers, and all that production would refuse or warn about`,
  schema: `  schema --dialect postgres|mysql|sqlite [--prefix shop_] [--schema auth] [--from <version>] [--format sql|prisma|drizzle]
                                                       what makes the tables of the SQL stores; with --from only what came
                                                       after that version`,
} as const;

const COMMANDS: Readonly<Record<keyof typeof USAGE, Command>> = { init, keys, token, inspect, routes, doctor, schema };

const ASKS_FOR_HELP: ReadonlySet<string> = new Set(['help', '--help', '-h']);

async function run([name = 'help', ...args]: readonly string[], context: CommandContext): Promise<number> {
  if (ASKS_FOR_HELP.has(name)) return help(args[0], context);
  if (!isCommand(name)) return usage(complain, 2);
  // What follows `--` is no question, and what is asked for by a name is answered whatever else was typed.
  const words = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  if (words.some((word) => ASKS_FOR_HELP.has(word))) return help(name, context);
  try {
    return (await COMMANDS[name](args, context)) === 'done' ? 0 : 1;
  } catch (error) {
    return failed(name, error);
  }
}

function isCommand(name: string): name is keyof typeof USAGE {
  return Object.hasOwn(COMMANDS, name);
}

function help(name: string | undefined, { print }: CommandContext): number {
  return usage(print, 0, name);
}

/** How the command is used, or all of them. */
function usage(write: (line: string) => void, status: number, name = ''): number {
  const commands = isCommand(name) ? [USAGE[name]] : Object.values(USAGE);
  write(`Usage: latchkey ${isCommand(name) ? name : '<command>'}\n\n${commands.join('\n')}`);
  return status;
}

/** Errors of the platform may quote what they were given, which may be a key or a token; only their code is repeated. */
function failed(name: string, error: unknown): number {
  if (error instanceof UsageError) {
    complain(`latchkey ${name}: ${error.message}`);
    return 2;
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unexpected failure';
  complain(`latchkey: ${error instanceof AuthConfigurationError ? error.problems.join('\n') : code}`);
  return 1;
}

function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  process.exitCode = await run(args, {
    clock: new SystemClock(),
    environment: process.env,
    readInput: () => text(process.stdin),
    print: (line) => void process.stdout.write(`${line}\n`),
    progress: (line) =>
      void (process.stderr.isTTY && !args.includes('--json') && process.stderr.write(`${line} ...\n`)),
  });
  // What an application left open would keep the process running; what was printed goes out first.
  if (args[0] === 'doctor') process.stdout.write('', () => process.exit());
}

void main();
