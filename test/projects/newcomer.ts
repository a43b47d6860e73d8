// What a newcomer types, from an empty folder to a signed-in request.
import type { PackageManager } from './fresh-project.js';

/** The lines, in the order in which they are typed. */
export interface TypedLines {
  readonly make: string;
  readonly enter: string;
  readonly install: string;
  readonly setUp: string;
  readonly start: string;
  readonly signIn: string;
  /** With the access token of the answer before. */
  readonly ask: string;
}

/** The lines for a package manager; `url` is where the application answers. */
export function typedLines(manager: PackageManager, url = 'http://localhost:3000'): TypedLines {
  const credentials = '{"username":"ada","password":"correct horse battery staple"}';
  return {
    make: `npx @nestjs/cli new app --package-manager ${manager}`,
    enter: 'cd app',
    install: `${manager} add nestjs-latchkey`,
    setUp: 'npx latchkey init --defaults',
    start: `${manager} run start`,
    signIn: `TOKEN=$(curl -s ${url}/auth/token -H 'content-type: application/json' -d '${credentials}' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
    ask: `curl -s ${url}/ -H "authorization: Bearer $TOKEN"`,
  };
}
