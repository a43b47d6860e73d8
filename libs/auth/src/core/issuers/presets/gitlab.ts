// GitLab CI/CD.
import type { TrustOptions } from '../trust-options.js';
import { ADDRESS, assertAudience, assertFlags, assertLists, assertPreset, MATCHING } from './preset-checks.js';
import { given, lifetime, type PresetOptions, RS256, withoutSlash } from './preset-options.js';

/** Which jobs are accepted. A list accepts any of its members. */
export interface GitlabOptions extends PresetOptions {
  /** @defaultValue 'https://gitlab.com' */
  readonly url?: string;
  /** The projects whose jobs are accepted, with their groups: `school/courses`. */
  readonly projects: string | readonly string[];
  /** Their ids, which a project of the same path that is made later does not have. @defaultValue not looked at */
  readonly projectIds?: string | readonly string[];
  /** Names of branches and tags. @defaultValue any */
  readonly refs?: string | readonly string[];
  /** Names of environments. @defaultValue any */
  readonly environments?: string | readonly string[];
  /** Accepts only jobs of protected branches and tags. @defaultValue false */
  readonly protectedRefs?: boolean;
}

/**
 * GitLab: the ID tokens that CI/CD jobs request with `id_tokens`. Every one is of a client. Any project can request a token for any
 * audience, so that the projects must be named. GitLab's tokens for users are not accepted: its access tokens are not JWTs, and its ID
 * tokens, of the same issuer and keys, are for the application that a user signed in to.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { gitlab } from 'nestjs-latchkey/issuers';
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [gitlab({ audience: 'https://deploy.example.com', projects: 'school/courses', protectedRefs: true })],
 * });
 * ```
 * @throws AuthConfigurationError for options that no token could satisfy
 */
export function gitlab(options: GitlabOptions): TrustOptions {
  const { url = 'https://gitlab.com', audience, projects, projectIds, refs, environments, ...others } = options;
  const { protectedRefs = false, maxLifetime, ...fetch } = others;
  // A variable that is not set must not make GitLab's own instance of one of ours.
  assertPreset('gitlab', { url: 'url' in options ? options.url : url }, { url: ADDRESS('https://gitlab.example.com') });
  assertAudience('gitlab', 'audience', audience);
  assertLists('gitlab', { ...options, projects }, RULES);
  assertFlags('gitlab', options, ['protectedRefs']);
  const issuer = withoutSlash(url);
  return {
    issuer,
    audience,
    keys: { jwksUri: `${issuer}/oauth/discovery/keys`, ...fetch },
    ...lifetime(maxLifetime),
    algorithms: RS256,
    types: ['jwt'],
    // Its ID tokens for users have no job.
    requiredClaims: ['iat', 'jti', 'project_path', 'job_id'],
    claims: { scopes: [] },
    claimEquals: given({
      project_path: projects,
      project_id: projectIds,
      ref: refs,
      environment: environments,
      ref_protected: protectedRefs ? 'true' : undefined,
    }),
    isClient: () => true,
  };
}

const RULES = {
  projects: MATCHING(/^[\w.-]+(?:\/[\w.-]+)+$/, "a project with its groups like 'school/courses'"),
  projectIds: MATCHING(/^\d+$/, "the id of a project like '22'"),
  refs: MATCHING(/^(?!refs\/)\S+$/, "the name of a branch or tag like 'main'"),
  environments: { holds: () => true, accepted: "the name of an environment like 'production'" },
};
