import { describe, expect, it } from '@jest/globals';
import { AuthConfigurationError } from 'nestjs-latchkey';
import {
  adfs,
  apple,
  auth0,
  authentik,
  azureAdB2c,
  clerk,
  cloudflareAccess,
  cognito,
  entra,
  firebase,
  githubActions,
  gitlab,
  google,
  keycloak,
  kubernetes,
  okta,
  openEdx,
  oryHydra,
  supabase,
  zitadel,
} from 'nestjs-latchkey/issuers';

const audience = 'courses';
const url = 'https://auth.example.com';
const origin = 'https://app.example.com';
const tenantId = '2f1e3b8a-0f5c-4f43-9d5c-6a0d0c7c1f11';
/** What an environment variable that is not set makes of an option. */
const unset = undefined as unknown as string;

const WRONG: readonly (readonly [string, () => unknown, string])[] = [
  [
    'auth0 an address',
    () => auth0({ domain: 'https://ex.eu.auth0.com/', audience }),
    'auth0: domain is "https://ex.eu.auth0.com/"; accepted is a host name',
  ],
  ['auth0 a slash', () => auth0({ domain: 'ex.eu.auth0.com/', audience }), 'auth0: domain is'],
  [
    'auth0 nothing',
    () => auth0({ domain: unset, audience }),
    'auth0: domain is undefined (is an environment variable not set?)',
  ],
  ['auth0 empty text', () => auth0({ domain: '', audience }), 'auth0: domain is empty text'],
  ['auth0 a line feed', () => auth0({ domain: 'ex.eu.auth0.com\n', audience }), 'auth0: domain is'],
  ['auth0 no audience', () => auth0({ domain: 'ex.eu.auth0.com', audience: unset }), 'auth0: audience is undefined'],
  [
    'auth0 an empty list',
    () => auth0({ domain: 'ex.eu.auth0.com', audience: [] }),
    'auth0: audience is a list that is empty',
  ],
  [
    'openEdx nothing',
    () => openEdx({ issuer: unset, audience, keys: { jwksUri: url } }),
    'openEdx: issuer is undefined',
  ],
  [
    'openEdx no audience',
    () => openEdx({ issuer: url, audience: unset, keys: { jwksUri: url } }),
    'openEdx: audience is',
  ],
  ['okta an address', () => okta({ domain: 'https://ex.okta.com', audience }), 'okta: domain is'],
  ['okta nothing', () => okta({ domain: unset, audience }), 'okta: domain is undefined'],
  [
    'okta a path',
    () => okta({ domain: 'ex.okta.com', authorizationServer: '/oauth2/default', audience }),
    'okta: authorizationServer is',
  ],
  ['entra nothing', () => entra({ tenantId: unset, audience }), 'entra: tenantId is undefined'],
  ['entra common', () => entra({ tenantId: 'common', audience }), 'entra: tenantId is "common"'],
  ['entra organizations', () => entra({ tenantId: 'organizations', audience }), 'entra: tenantId is "organizations"'],
  [
    'entra a domain',
    () => entra({ tenantId: 'contoso.onmicrosoft.com', audience }),
    'entra: tenantId is "contoso.onmicrosoft.com"',
  ],
  ['entra an address', () => entra({ tenantId: 'https://login/x', audience }), 'entra: tenantId is'],
  [
    'entra no audience',
    () => entra({ tenantId: '2f1e3b8a-0f5c-4f43-9d5c-6a0d0c7c1f11', audience: unset }),
    'entra: audience is undefined',
  ],
  ['keycloak nothing', () => keycloak({ baseUrl: unset, realm: 'school', audience }), 'keycloak: baseUrl is undefined'],
  [
    'keycloak a host name',
    () => keycloak({ baseUrl: 'sso.example.com', realm: 'school', audience }),
    'keycloak: baseUrl is "sso.example.com"; accepted is an address',
  ],
  [
    'keycloak no realm',
    () => keycloak({ baseUrl: 'https://sso.example.com', realm: unset, audience }),
    'keycloak: realm is undefined',
  ],
  [
    'keycloak a path',
    () => keycloak({ baseUrl: 'https://sso.example.com', realm: '/realms/school', audience }),
    'keycloak: realm is',
  ],
  [
    'cognito nothing',
    () => cognito({ region: unset, userPoolId: unset, clientId: 'c' }),
    'cognito: region is undefined',
  ],
  [
    'cognito a zone',
    () => cognito({ region: 'eu-central-1a', userPoolId: 'eu-central-1_x', clientId: 'c' }),
    'cognito: region is',
  ],
  [
    'cognito an ARN',
    () => cognito({ region: 'eu-central-1', userPoolId: 'arn:aws:cognito-idp:x', clientId: 'c' }),
    'cognito: userPoolId is',
  ],
  [
    'cognito no client',
    () => cognito({ region: 'eu-central-1', userPoolId: 'eu-central-1_x', clientId: unset }),
    'cognito: clientId is undefined',
  ],
  [
    'supabase nothing',
    () => supabase({ url: unset }),
    'supabase: url is undefined (is an environment variable not set?)',
  ],
  ['supabase a host', () => supabase({ url: 'abc.supabase.co' }), 'supabase: url is "abc.supabase.co"; accepted is an'],
  ['supabase no audience', () => supabase({ url, audience: [] }), 'supabase: audience is a list that is empty'],
  ['supabase an empty role', () => supabase({ url, role: '' }), 'supabase: role is empty text; accepted is a name'],
  [
    'supabase a flag as text',
    () => supabase({ url, anonymousUsers: 'false' as never }),
    'supabase: anonymousUsers is text; accepted is true or false',
  ],
  [
    'supabase an unset secret',
    () => supabase({ url, legacyJwtSecret: unset }),
    'supabase: legacyJwtSecret is undefined',
  ],
  [
    'firebase a number',
    () => firebase({ projectId: '123456789012' }),
    'firebase: projectId is "123456789012"; accepted',
  ],
  ['firebase nothing', () => firebase({ projectId: unset }), 'firebase: projectId is undefined'],
  [
    'firebase an empty tenant',
    () => firebase({ projectId: 'school-1a2b3', tenantId: '' }),
    'firebase: tenantId is empty',
  ],
  [
    'clerk a host',
    () => clerk({ frontendApiUrl: 'clerk.example.com', authorizedParties: origin }),
    'clerk: frontendApiUrl is "clerk.example.com"; accepted is an address',
  ],
  [
    'clerk no parties',
    () => clerk({ frontendApiUrl: url, authorizedParties: [] }),
    'clerk: authorizedParties is an empty list; accepted is an origin',
  ],
  [
    'clerk a slash',
    () => clerk({ frontendApiUrl: url, authorizedParties: [origin, `${origin}/`] }),
    'clerk: authorizedParties is "https://app.example.com/"; accepted is an origin',
  ],
  [
    'cloudflareAccess a domain',
    () => cloudflareAccess({ team: 'school.cloudflareaccess.com', audience }),
    'cloudflareAccess: team is "school.cloudflareaccess.com"; accepted is the name of a team',
  ],
  [
    'cloudflareAccess no AUD',
    () => cloudflareAccess({ team: 'school', audience: unset }),
    'cloudflareAccess: audience is',
  ],
  ['apple no client', () => apple({ clientId: unset }), 'apple: clientId is undefined; accepted is a name'],
  [
    'githubActions an owner',
    () => githubActions({ audience, repositories: 'octo-org' }),
    'githubActions: repositories is "octo-org"; accepted is a repository like',
  ],
  [
    'githubActions none',
    () => githubActions({ audience, repositories: [] }),
    'githubActions: repositories is an empty list',
  ],
  [
    'githubActions a short ref',
    () => githubActions({ audience, repositories: 'o/r', refs: ['main'] }),
    'githubActions: refs is "main"; accepted is the full name',
  ],
  [
    'githubActions two issuers',
    () => githubActions({ audience, repositories: 'o/r', host: 'github.example.com', enterprise: 'octo' }),
    'githubActions: enterprise and host are both given',
  ],
  [
    'gitlab a name',
    () => gitlab({ audience, projects: 'courses' }),
    'gitlab: projects is "courses"; accepted is a project',
  ],
  [
    'gitlab a full ref',
    () => gitlab({ audience, projects: 'school/courses', refs: 'refs/heads/main' }),
    'gitlab: refs is "refs/heads/main"; accepted is the name',
  ],
  [
    'githubActions an unset restriction',
    () => githubActions({ audience, repositories: 'o/r', refs: unset }),
    'githubActions: refs is undefined (is an environment variable not set?)',
  ],
  [
    'githubActions an unset enterprise',
    () => githubActions({ audience, repositories: 'o/r', enterprise: unset }),
    'githubActions: enterprise is undefined',
  ],
  [
    'githubActions no repositories',
    () => githubActions({ audience } as never),
    'githubActions: repositories is undefined',
  ],
  [
    'gitlab an unset restriction',
    () => gitlab({ audience, projects: 'a/b', projectIds: unset }),
    'gitlab: projectIds is undefined',
  ],
  [
    'gitlab an unset flag',
    () => gitlab({ audience, projects: 'a/b', protectedRefs: undefined as never }),
    'gitlab: protectedRefs is undefined; accepted is true or false',
  ],
  ['gitlab an unset instance', () => gitlab({ audience, projects: 'a/b', url: unset }), 'gitlab: url is undefined'],
  [
    'okta an unset server',
    () => okta({ domain: 'ex.okta.com', authorizationServer: unset, audience }),
    'okta: authorizationServer is undefined',
  ],
  [
    'adfs an unset claim',
    () => adfs({ host: 'sts.example.com', subjectClaim: unset, audience }),
    'adfs: subjectClaim is undefined',
  ],
  ['gitlab a host', () => gitlab({ audience, projects: 'a/b', url: 'gitlab.com' }), 'gitlab: url is "gitlab.com"'],
  [
    'kubernetes a name',
    () => kubernetes({ issuer: url, audience, serviceAccounts: 'grader' }),
    'kubernetes: serviceAccounts is "grader"; accepted is a service account with its namespace',
  ],
  [
    'kubernetes a legacy issuer',
    () => kubernetes({ issuer: 'kubernetes/serviceaccount', audience, serviceAccounts: 'school/grader' }),
    'kubernetes: issuer is "kubernetes/serviceaccount"; accepted is an address',
  ],
  [
    'azureAdB2c a domain',
    () => azureAdB2c({ tenantName: 'contoso.onmicrosoft.com', tenantId, policies: 'B2C_1_x', audience }),
    'azureAdB2c: tenantName is "contoso.onmicrosoft.com"; accepted is the name of a tenant',
  ],
  [
    'azureAdB2c no GUID',
    () => azureAdB2c({ tenantName: 'contoso', tenantId: 'contoso', policies: 'B2C_1_x', audience }),
    'azureAdB2c: tenantId is "contoso"; accepted is the id of the tenant, a GUID',
  ],
  [
    'azureAdB2c a policy',
    () => azureAdB2c({ tenantName: 'contoso', tenantId, policies: 'signin', audience }),
    'azureAdB2c: policies is "signin"; accepted is a policy like',
  ],
  [
    'adfs an address',
    () => adfs({ host: 'https://sts.example.com/adfs', audience }),
    'adfs: host is "https://sts.example',
  ],
  [
    'adfs no subject',
    () => adfs({ host: 'sts.example.com', subjectClaim: '', audience }),
    'adfs: subjectClaim is empty text',
  ],
  [
    'zitadel a project name',
    () => zitadel({ url, projectId: 'courses', applications: '1' }),
    'zitadel: projectId is "courses"; accepted is an id like',
  ],
  [
    'zitadel no applications',
    () => zitadel({ url, projectId: '1', applications: [] }),
    'zitadel: applications is an empty',
  ],
  [
    'authentik a mode',
    () => authentik({ baseUrl: url, application: 'a', clientId: 'c', issuerMode: 'one' as never }),
    "authentik: issuerMode is \"one\"; accepted is 'per_provider' or 'global'",
  ],
  [
    'authentik a path',
    () => authentik({ baseUrl: url, application: '/application/o/a/', clientId: 'c' }),
    'authentik: application is "/application/o/a/"; accepted is a name',
  ],
  ['oryHydra nothing', () => oryHydra({ issuer: unset, audience }), 'oryHydra: issuer is undefined'],
  ['oryHydra no audience', () => oryHydra({ issuer: url, audience: unset }), 'oryHydra: audience is undefined'],
  [
    'entra a version',
    () => entra({ tenantId, audience, version: '1.0' as never }),
    "entra: version is text; accepted is 1, 2 or 'both'",
  ],
  [
    'entra both for many',
    () => entra({ tenants: () => true, audience, version: 'both' }),
    "entra: version is 'both', which is for one tenantId",
  ],
  ['google no client', () => google({ clientId: unset }), 'google: clientId is undefined'],
];

describe('presets', () => {
  it.each(WRONG)('refuse invalid options at once, in one sentence: %s', (_, make, sentence) => {
    const refusal = (): string => {
      try {
        make();
        return 'nothing';
      } catch (error) {
        return error instanceof AuthConfigurationError ? error.problems.join('\n') : String(error);
      }
    };
    expect(refusal()).toContain(sentence);
  });

  it('accept the values that providers show in their consoles', () => {
    const made = [
      auth0({ domain: 'ex.eu.auth0.com', audience: ['https://a.example', 'b'] }),
      auth0({ domain: 'login.example.com', audience }),
      okta({ domain: 'ex.okta.com', authorizationServer: 'aus9o8wzjhckw9TLa0h7z', audience }),
      entra({ tenantId: '2f1e3b8a-0f5c-4f43-9d5c-6a0d0c7c1f11', audience: 'api://courses' }),
      entra({ tenants: () => true, audience }),
      keycloak({ baseUrl: 'https://sso.example.com/auth/', realm: 'school', audience }),
      keycloak({
        baseUrl: 'https://sso.example.com',
        internalUrl: 'http://keycloak:8080',
        realm: 'My Realm'.replace(' ', '-'),
        audience,
      }),
      cognito({ region: 'us-gov-west-1', userPoolId: 'us-gov-west-1_AbC123', clientId: ['a', 'b'] }),
      google({ clientId: 'x.apps.googleusercontent.com' }),
    ];
    expect(made.map(({ issuer }) => issuer.startsWith('https://'))).toEqual(made.map(() => true));
  });
});
