// Where the documentation is: the one place that names it. Messages of development end with an address below it.

/** The folder `docs` of the repository, with a slash at its end; the same pages are in the package, in `docs`. */
export const DOCUMENTATION = 'https://github.com/nestjs-latchkey/nestjs-latchkey/blob/main/docs/';

/** The page of a refusal. @param code a code of the error table */
export function pageOfError(code: string): string {
  return `${DOCUMENTATION}errors/${code}.md`;
}
