// The end of an entry of `trust`, and tokens without an issuer, which need one.
import { SECOND_MS } from '../base/duration.js';
import { flag, value } from '../base/option-kinds.js';
import { TENANT_PLACEHOLDER } from '../keys/issuer-template.js';

/** The options of a system that is being replaced. */
export const transition = {
  until: value<Date | string>({
    accepts: "a Date, or text like '2027-01-31' or '2027-01-31T12:00:00Z'",
    holds: (given: unknown) => untilSeconds(given) !== undefined,
    refused: 'soon',
    otherwise: 'no end',
    summary: 'tokens are accepted before this time alone',
  }),
  withoutIssuer: flag({
    default: false,
    summary: 'accepts tokens without an `iss`, which count under `issuer`; needs `until`',
    warns: (given) =>
      given && 'is true: tokens without an issuer are accepted. Remove the entry when its time is over.',
  }),
};

interface Given {
  readonly issuer: string;
  readonly until: Date | string | undefined;
  readonly withoutIssuer: boolean;
}

/** Tokens without an issuer are accepted for a time alone, and from one name. */
export const transitionRules = [
  {
    between: ['withoutIssuer', 'until', 'issuer'] as const,
    broken: ({ withoutIssuer, until, issuer }: Given, of: (name: keyof Given) => string) => {
      if (!withoutIssuer) return [];
      return [
        ...(until === undefined ? [`${of('until')} is required beside withoutIssuer: when it ends`] : []),
        ...(issuer.includes(TENANT_PLACEHOLDER)
          ? [`${of('withoutIssuer')} cannot be given together with ${TENANT_PLACEHOLDER} in issuer`]
          : []),
      ];
    },
  },
];

const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** The time in epoch seconds; `undefined` if it is not a time. A date alone is its beginning in UTC. */
export function untilSeconds(given: unknown): number | undefined {
  if (!(given instanceof Date) && !(typeof given === 'string' && DATE.test(given))) return undefined;
  const milliseconds = new Date(given).getTime();
  return Number.isNaN(milliseconds) ? undefined : Math.floor(milliseconds / SECOND_MS);
}
