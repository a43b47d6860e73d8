import { describe, expect, it } from '@jest/globals';
import { auth0, AuthConfigurationError, cognito, entra, google, keycloak, okta } from 'nestjs-latchkey';

const audience = 'courses';
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
  ['google no client', () => google({ clientId: unset }), 'google: clientId is undefined'],
];

describe('presets', () => {
  it.each(WRONG)('refuse at once what can never work, in one sentence: %s (T-19)', (_, make, sentence) => {
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

  it('take what their providers show in their consoles (T-19)', () => {
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
