// The option `trust`: a list of entries. An entry is declared in trust-options.ts, and becomes an issuer in external-issuer.ts.
import { optionOf, type Option } from '../base/option.js';
import { trustedEntry, type TrustOptions } from './trust-options.js';
import { trustProblems } from './trust-problems.js';
import { trustWarnings } from './trust-warnings.js';

/** The option `trust`. */
export const trust: Option<readonly TrustOptions[]> = optionOf<readonly TrustOptions[], readonly TrustOptions[]>(
  { default: [], summary: 'other issuers whose tokens are accepted: [trusted issuers](trusted-issuers.md)' },
  {
    accepts: 'a list of issuers',
    refused: 'https://accounts.example.com',
    members: trustedEntry.members,
    read: (given) => {
      const entries = given as readonly TrustOptions[];
      return { problems: trustProblems(entries), value: entries };
    },
    warnings: (given, { production }) => trustWarnings(given as readonly TrustOptions[], production),
  },
);
