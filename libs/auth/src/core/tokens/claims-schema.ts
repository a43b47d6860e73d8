// Claims checked by a schema of the application. The claims stay as they were signed: a schema decides, and changes nothing.
import { isPromise } from '../base/at-once.js';
import { AuthError } from '../base/errors.js';
import { isObject, memberIn } from '../base/members.js';
import type { AnyOption } from '../base/option.js';
import { value } from '../base/option-kinds.js';
import type { Claims } from '../base/principal.js';
import { unacceptable } from './refusals.js';

/** What a schema answers with: `issues` if the value does not fit. */
type Answer = {
  readonly issues?:
    readonly { readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined }[] | undefined;
};

/**
 * A schema that implements [Standard Schema](https://standardschema.dev) version 1, as those of Zod, Valibot and ArkType do. Only what is
 * needed of it is stated here.
 */
export interface ClaimsSchema {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    validate(value: unknown): unknown;
  };
}

/** The option: the same for own tokens and for those of an entry of `trust`. */
export const claimsSchema = value<ClaimsSchema>({
  accepts: 'a schema of Standard Schema, as of Zod, Valibot or ArkType, that answers at once',
  holds: (given: unknown) => isSchema(given) && answersAtOnce(given),
  shows: 'kind',
  refused: {},
  otherwise: 'none',
  summary: 'what the claims must be: [claims by a schema](trusted-issuers.md#claims-by-a-schema)',
}) satisfies AnyOption;

/**
 * The rule that claims satisfy a schema.
 * @throws {AuthError} the rule: `invalid_claims`, which names the first claim that does not fit, and never a value; also for whatever the
 * schema throws, because what was signed must not cause a failure. `misconfigured` for a schema that answers later, or neither yes nor no
 */
export function schemaRule(schema: ClaimsSchema): (claims: Claims) => void {
  return (claims) => {
    const answer = validated(schema, claims);
    if (isPromise(answer)) throw new AuthError('misconfigured', { cause: new TypeError(ANSWERS_LATER) });
    if (!isAnswer(answer)) throw new AuthError('misconfigured', { cause: new TypeError(ANSWERS_NOTHING) });
    const { issues } = answer;
    if (issues !== undefined) throw unacceptable(claimOf(issues), 'must be as the schema says', 'claimsSchema');
  };
}

const ANSWERS_LATER = 'claimsSchema answers with a promise; what is checked at every request must be checked at once.';
const ANSWERS_NOTHING =
  'claimsSchema answers with neither { value } nor { issues } (Standard Schema), so that it said nothing of the claims.';

function isSchema(given: unknown): given is ClaimsSchema {
  const standard = typeof given === 'function' ? Reflect.get(given, '~standard') : memberIn(given, '~standard');
  return memberIn(standard, 'version') === 1 && typeof memberIn(standard, 'validate') === 'function';
}

/** As far as it can be told before there are claims: a schema may look later only if the rest fits. */
function answersAtOnce(schema: ClaimsSchema): boolean {
  try {
    return isAnswer(validated(schema, {}));
  } catch {
    return true;
  }
}

/** A yes is `{ value }`. What is neither yes nor no, such as `false`, must not count as one because it has no issues. */
function isAnswer(answer: unknown): answer is Answer {
  return isObject(answer) && !isPromise(answer) && (memberIn(answer, 'issues') !== undefined || 'value' in answer);
}

/** A promise that nothing waits for must not end the process. */
function validated(schema: ClaimsSchema, given: unknown): unknown {
  const answer = schema['~standard'].validate(given);
  if (isPromise(answer)) answer.then(undefined, () => {});
  return answer;
}

/** The name of the claim alone: what is deeper may be named by the token. */
function claimOf([issue]: NonNullable<Answer['issues']>): string {
  const [first] = issue?.path ?? [];
  const name = typeof first === 'object' ? first.key : first;
  return name === undefined ? 'claims' : String(name).slice(0, 64);
}
