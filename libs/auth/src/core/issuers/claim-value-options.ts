// Options that name claims and the values that they must have.
import { isGroup } from '../base/option-kinds.js';
import { memberOf, optionOf, shown, type Option } from '../base/option.js';
import { isClaimValue, type ClaimValues } from '../policies/claim-values.js';
import { claimsSchema } from '../tokens/claims-schema.js';

/** Claims with one accepted value each, or a list of them. */
export function claimValues<Values>(declared: {
  readonly summary: string;
  /** What is accepted for one claim, in words. */
  readonly values: string;
  readonly isOne: (given: unknown) => boolean;
  readonly refused: unknown;
}): Option<Readonly<Record<string, Values>>> {
  const { summary, values, isOne, refused } = declared;
  return optionOf<Readonly<Record<string, Values>>, Readonly<Record<string, Values>>>(
    { default: {}, defaultInWords: 'none', summary },
    {
      accepts: `an object of claims and values; a value is ${values}`,
      refused,
      read: (given, at) => {
        // What is not an object has no value; its group puts the default in its place.
        const value = given as Readonly<Record<string, Values>>;
        if (!isGroup(given)) return { problems: [`${at.path} must be an object of claims and values`], value };
        const problems = Object.entries(given)
          .filter(([, each]) => !areValues(each, isOne))
          .map(([name, each]) => `${memberOf(at, name).path} is ${shown(each, at)}; accepted is ${values}`);
        return { problems, value };
      },
    },
  );
}

const VALUES = { values: 'a text, a number, true or false, or a list of them', isOne: isClaimValue } as const;

/** The options about what claims must say besides the kind of the token. */
export const requiredValues = {
  claimEquals: claimValues<ClaimValues>({
    ...VALUES,
    refused: { tenant: undefined },
    summary: "claims or paths that must equal a value, or one of a list: `{ tenant: 'school' }`",
  }),
  claimIncludes: claimValues<ClaimValues>({
    ...VALUES,
    refused: { groups: [] },
    summary: "claims or paths that must be lists with a value, or with all of a list: `{ groups: 'staff' }`",
  }),
  claimsSchema,
};

function areValues(given: unknown, isOne: (value: unknown) => boolean): boolean {
  return Array.isArray(given) ? given.length > 0 && given.every(isOne) : isOne(given);
}
