// GitHub Actions.
import { AuthConfigurationError } from '../../base/errors.js';
import type { TrustOptions } from '../trust-options.js';
import { assertAudience, assertLists, assertPreset, HOST_NAME, MATCHING, NAME } from './preset-checks.js';
import { given, lifetime, type PresetOptions, RS256 } from './preset-options.js';

/** Which workflows are accepted. A list accepts any of its members. */
export interface GithubActionsOptions extends PresetOptions {
  /** The repositories whose workflows are accepted: `octo-org/octo-repo`. */
  readonly repositories: string | readonly string[];
  /** Their ids, which a repository of the same name that is made later does not have. @defaultValue not looked at */
  readonly repositoryIds?: string | readonly string[];
  /** The full names of branches and tags: `refs/heads/main`. @defaultValue any */
  readonly refs?: string | readonly string[];
  /** Names of deployment environments. @defaultValue any */
  readonly environments?: string | readonly string[];
  /** The events that start workflows: `push`. @defaultValue any, `pull_request` among them */
  readonly events?: string | readonly string[];
  /** The slug of an enterprise that has an issuer of its own. @defaultValue none */
  readonly enterprise?: string;
  /** The host name of a GitHub Enterprise Server. @defaultValue GitHub's own */
  readonly host?: string;
}

/**
 * GitHub Actions: the ID tokens that workflows request for other services. Every one is of a client. Any repository of GitHub can request a
 * token for any audience, so that the repositories must be named.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { githubActions } from 'nestjs-latchkey/issuers';
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [githubActions({ audience: 'https://deploy.example.com', repositories: 'octo-org/octo-repo' })],
 * });
 * ```
 * @throws AuthConfigurationError for options that no token could satisfy
 */
export function githubActions(options: GithubActionsOptions): TrustOptions {
  const { audience, repositories, repositoryIds, refs, environments, events, enterprise, host, ...others } = options;
  const { maxLifetime, ...fetch } = others;
  assertWorkflows(options);
  assertAudience('githubActions', 'audience', audience);
  const issuer = issuerOf({ enterprise, host });
  return {
    issuer,
    audience,
    keys: { jwksUri: `${issuer}/.well-known/jwks`, ...fetch },
    ...lifetime(maxLifetime),
    algorithms: RS256,
    types: ['jwt'],
    requiredClaims: ['iat', 'jti', 'repository', 'run_id'],
    claims: { scopes: [] },
    claimEquals: given({
      repository: repositories,
      repository_id: repositoryIds,
      ref: refs,
      environment: environments,
      event_name: events,
    }),
    isClient: () => true,
  };
}

const RULES = {
  repositories: MATCHING(/^[\w.-]+\/[\w.-]+$/, "a repository like 'octo-org/octo-repo'"),
  repositoryIds: MATCHING(/^\d+$/, "the id of a repository like '74'"),
  refs: MATCHING(/^refs\/(?:heads|tags|pull)\/\S+$/, "the full name of a branch or tag like 'refs/heads/main'"),
  environments: { holds: () => true, accepted: "the name of an environment like 'production'" },
  events: MATCHING(/^[a-z_]+$/, "an event like 'push'"),
};

function assertWorkflows(options: GithubActionsOptions): void {
  const { repositories, enterprise, host } = options;
  assertLists('githubActions', { ...options, repositories }, RULES);
  if ('enterprise' in options) assertPreset('githubActions', { enterprise }, { enterprise: NAME('octo-corp') });
  if ('host' in options) assertPreset('githubActions', { host }, { host: HOST_NAME('github.example.com') });
  if (enterprise !== undefined && host !== undefined)
    throw new AuthConfigurationError(['githubActions: enterprise and host are both given; accepted is one of them']);
}

function issuerOf({ enterprise, host }: Record<'enterprise' | 'host', string | undefined>): string {
  if (host !== undefined) return `https://${host}/_services/token`;
  return `https://token.actions.githubusercontent.com${enterprise === undefined ? '' : `/${enterprise}`}`;
}
