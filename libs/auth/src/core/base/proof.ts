// How a user was authenticated: `acr` (OpenID Connect Core §2) and `amr` (RFC 8176), as tokens, sessions and user sources state them.

/** How a user was authenticated. */
export interface Proof {
  /** How well: a name that the application and its clients agree on, 1 to 255 characters. */
  readonly acr?: string | undefined;
  /** By what, such as `['pwd', 'otp']`: 1 to 16 names of 1 to 255 characters, best those of RFC 8176. */
  readonly amr?: readonly string[] | undefined;
}

const LONGEST = 255;
const MOST = 16;

/** What is wrong with an `acr`: the words after its name; `undefined` for none. */
export function acrProblem(acr: unknown): string | undefined {
  return acr === undefined || isFact(acr) ? undefined : `must be a text of 1 to ${LONGEST} characters`;
}

/** What is wrong with an `amr`: the words after its name; `undefined` for none. */
export function amrProblem(amr: unknown): string | undefined {
  const isList = Array.isArray(amr) && amr.length > 0 && amr.length <= MOST && amr.every(isFact);
  return amr === undefined || isList ? undefined : `must be a list of 1 to ${MOST} texts like ['pwd', 'otp']`;
}

/** @throws {TypeError} for what could not be signed, or would not be read */
export function assertProof({ acr, amr }: Proof): void {
  const [acrWrong, amrWrong] = [acrProblem(acr), amrProblem(amr)];
  if (acrWrong !== undefined) throw new TypeError(`The acr ${acrWrong}.`);
  if (amrWrong !== undefined) throw new TypeError(`The amr ${amrWrong}.`);
}

function isFact(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '' && value.length <= LONGEST;
}
