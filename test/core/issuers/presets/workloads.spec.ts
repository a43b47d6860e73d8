// Issuers of tokens for workloads and for applications behind an access proxy.
import { describe, expect, it } from '@jest/globals';
import { cloudflareAccess, githubActions, gitlab, kubernetes } from 'nestjs-latchkey/issuers';
import * as endpoint from '../../../support/key-server.js';
import { publicOf, rsa, verdict } from '../../support/external-tokens.js';
import { NOW } from '../../support/token-forgery.js';
import { describePreset, known, type Shown, times, tokenOf } from '../../support/preset-suite.js';

const AUD = '32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228';

describePreset('cloudflareAccess', {
  make: (way) => cloudflareAccess({ team: 'school', audience: AUD, ...way }),
  jwksUri: 'https://school.cloudflareaccess.com/cdn-cgi/access/certs',
  header: { typ: 'JWT' },
  claims: {
    aud: [AUD],
    email: 'user@example.com',
    iat: NOW,
    nbf: NOW,
    exp: NOW + 86_400,
    iss: 'https://school.cloudflareaccess.com',
    type: 'app',
    identity_nonce: '6ei69kawdKzMIAPF',
    sub: '7335d417-61da-459d-899c-0a01c76a2f94',
    country: 'US',
  },
  verified: { subject: { id: '7335d417-61da-459d-899c-0a01c76a2f94' }, kind: 'user', scopes: [], roles: [] },
  machine: { sub: '', common_name: 'e367826f93b8d71185e03fe518aff3b4.access', email: undefined },
  machineVerified: {
    subject: { issuer: 'https://school.cloudflareaccess.com', id: 'e367826f93b8d71185e03fe518aff3b4.access' },
  },
  refused: [
    [{ type: 'org' }, 'wrong_token_type', { exactClaims: {} }],
    [{ type: undefined }, 'wrong_token_type', { exactClaims: {} }],
    [{ nonce: 'n', at_hash: 'h' }, 'wrong_token_type', { idTokens: true }],
    [{ sub: '' }, 'missing_subject'],
    [{ exp: NOW + 730 * 3_600 }, 'invalid_claims', { maxLifetime: '730h' }],
    [{ iss: 'https://other.cloudflareaccess.com' }, 'invalid_issuer'],
  ],
});

const GITHUB: Shown = {
  make: (way) => githubActions({ audience: 'courses', repositories: ['octo-org/octo-repo', 'octo-org/other'], ...way }),
  jwksUri: 'https://token.actions.githubusercontent.com/.well-known/jwks',
  header: { typ: 'JWT' },
  claims: {
    jti: 'example-id',
    sub: 'repo:octo-org/octo-repo:environment:prod',
    environment: 'prod',
    aud: 'courses',
    ref: 'refs/heads/main',
    sha: 'example-sha',
    repository: 'octo-org/octo-repo',
    repository_owner: 'octo-org',
    actor_id: '12',
    repository_visibility: 'private',
    repository_id: '74',
    repository_owner_id: '65',
    run_id: 'example-run-id',
    run_number: '10',
    run_attempt: '2',
    actor: 'octocat',
    workflow: 'example-workflow',
    head_ref: '',
    base_ref: '',
    event_name: 'workflow_dispatch',
    ref_type: 'branch',
    job_workflow_ref: 'octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main',
    iss: 'https://token.actions.githubusercontent.com',
    nbf: NOW - 600,
    iat: NOW,
    exp: NOW + 300,
  },
  verified: {
    subject: { id: 'repo:octo-org/octo-repo:environment:prod' },
    kind: 'client',
    scopes: [],
    roles: [],
    jti: 'example-id',
  },
  refused: [
    [{ repository: 'evil/octo-repo' }, 'invalid_claims', { claimEquals: {} }],
    [{ repository: undefined }, 'missing_claim', { claimEquals: {}, requiredClaims: ['iat'] }],
    [{ run_id: undefined }, 'missing_claim', { requiredClaims: ['iat'] }],
    [{ nonce: 'n', at_hash: 'h' }, 'wrong_token_type', { idTokens: true }],
    [{ aud: 'https://github.com/octo-org' }, 'invalid_audience', { audience: false }],
    [{ iss: 'https://token.actions.githubusercontent.com/octo-corp' }, 'invalid_issuer'],
  ],
};
describePreset('githubActions', GITHUB);

describe('The preset githubActions', () => {
  const octo = { audience: 'courses', repositories: 'octo-org/octo-repo' };

  it.each([
    ['repositoryIds', '74', '75'],
    ['refs', 'refs/heads/main', 'refs/heads/topic'],
    ['environments', 'prod', 'staging'],
    ['events', 'workflow_dispatch', 'pull_request'],
  ])('accepts only the %s that are named', async (option, right, wrong) => {
    expect(
      await verdict(tokenOf(GITHUB), known(githubActions({ ...octo, [option]: [right, 'x/y'].slice(0, 1) }))),
    ).toBe('OK');
    expect(await verdict(tokenOf(GITHUB), known(githubActions({ ...octo, [option]: wrong })))).toBe('invalid_claims');
  });

  it('supports the issuers of enterprises and of self-hosted servers', () => {
    expect(githubActions({ ...octo, enterprise: 'octo-corp' })).toMatchObject({
      issuer: 'https://token.actions.githubusercontent.com/octo-corp',
      keys: { jwksUri: 'https://token.actions.githubusercontent.com/octo-corp/.well-known/jwks' },
    });
    expect(githubActions({ ...octo, host: 'github.example.com' })).toMatchObject({
      issuer: 'https://github.example.com/_services/token',
      keys: { jwksUri: 'https://github.example.com/_services/token/.well-known/jwks' },
    });
  });
});

const GITLAB: Shown = {
  make: (way) => gitlab({ audience: 'https://courses.example', projects: 'my-group/my-project', ...way }),
  jwksUri: 'https://gitlab.com/oauth/discovery/keys',
  header: { typ: 'JWT' },
  claims: {
    namespace_id: '72',
    namespace_path: 'my-group',
    project_id: '20',
    project_path: 'my-group/my-project',
    user_id: '1',
    user_login: 'sample-user',
    user_email: 'sample-user@example.com',
    pipeline_id: '574',
    pipeline_source: 'push',
    job_id: '302',
    ref: 'feature-branch-1',
    ref_type: 'branch',
    ref_path: 'refs/heads/feature-branch-1',
    ref_protected: 'false',
    environment: 'test-environment2',
    runner_id: 1,
    runner_environment: 'self-hosted',
    jti: '235b3a54-b797-45c7-ae9a-f72d7bc6ef5b',
    iss: 'https://gitlab.com',
    nbf: NOW - 5,
    ...times,
    sub: 'project_path:my-group/my-project:ref_type:branch:ref:feature-branch-1',
    aud: 'https://courses.example',
  },
  verified: {
    subject: { id: 'project_path:my-group/my-project:ref_type:branch:ref:feature-branch-1' },
    kind: 'client',
    scopes: [],
    roles: [],
  },
  refused: [
    // An ID token of the same issuer for a user has no job, whatever its audience is.
    [
      { sub: '1', project_path: undefined, job_id: undefined, nonce: 'n' },
      'wrong_token_type',
      { idTokens: true, requiredClaims: ['iat'], claimEquals: {} },
    ],
    [{ job_id: undefined }, 'missing_claim', { requiredClaims: ['iat'] }],
    [{ project_path: 'my-group/fork' }, 'invalid_claims', { claimEquals: {} }],
    [{ iss: 'gitlab.com' }, 'invalid_issuer'],
  ],
};
describePreset('gitlab', GITLAB);

describe('The preset gitlab', () => {
  const project = { audience: 'https://courses.example', projects: ['my-group/my-project'] };

  it.each([
    ['projectIds', '20', '21'],
    ['refs', 'feature-branch-1', 'main'],
    ['environments', 'test-environment2', 'production'],
  ])('accepts only the %s that are named', async (option, right, wrong) => {
    expect(await verdict(tokenOf(GITLAB), known(gitlab({ ...project, [option]: right })))).toBe('OK');
    expect(await verdict(tokenOf(GITLAB), known(gitlab({ ...project, [option]: wrong })))).toBe('invalid_claims');
  });

  it('accepts only protected branches if told to', async () => {
    const made = known(gitlab({ ...project, protectedRefs: true }));
    expect(await verdict(tokenOf(GITLAB), made)).toBe('invalid_claims');
    expect(await verdict(tokenOf(GITLAB, { ref_protected: 'true' }), made)).toBe('OK');
  });
});

const KUBERNETES: Shown = {
  make: (way) =>
    kubernetes({
      issuer: 'https://kubernetes.default.svc.cluster.local',
      audience: ['courses', 'grades'],
      serviceAccounts: ['school/grader', 'school/mailer'],
      ...way,
    }),
  jwksUri: undefined,
  header: { typ: undefined },
  claims: {
    aud: ['courses'],
    ...times,
    iss: 'https://kubernetes.default.svc.cluster.local',
    jti: 'e51f1fbc-4733-4b85-a59f-ba80c0523874',
    'kubernetes.io': {
      namespace: 'school',
      node: { name: 'worker', uid: '517eb86e' },
      pod: { name: 'grader-1', uid: '0d8b260e' },
      serviceaccount: { name: 'grader', uid: 'e6a8680e' },
      warnafter: NOW + 3_607,
    },
    nbf: NOW,
    sub: 'system:serviceaccount:school:grader',
  },
  verified: { subject: { id: 'system:serviceaccount:school:grader' }, kind: 'client', scopes: [], roles: [] },
  refused: [
    [{ sub: 'system:serviceaccount:default:default' }, 'invalid_claims', { claimEquals: {} }],
    [{ 'kubernetes.io': undefined }, 'missing_claim', { requiredClaims: ['iat'] }],
    [{ nonce: 'n', at_hash: 'h' }, 'wrong_token_type', { idTokens: true }],
    // Extended tokens are valid for a year.
    [{ exp: NOW + 365 * 86_400 }, 'invalid_claims', { maxLifetime: '366d' }],
    // A legacy token out of a Secret.
    [{ iss: 'kubernetes/serviceaccount', exp: undefined, aud: undefined }, 'invalid_issuer'],
    [{ exp: undefined }, 'missing_claim'],
  ],
};
describePreset('kubernetes', KUBERNETES);

describe('The preset kubernetes', () => {
  it('finds the keys at the URL of the metadata, and nowhere else', async () => {
    const server = await endpoint.keyServer();
    const metadata = { issuer: server.url, jwks_uri: `${server.url}/openid/v1/jwks` };
    const found = kubernetes({
      issuer: server.url,
      audience: 'courses',
      serviceAccounts: 'school/grader',
      allowLoopbackHttp: true,
    });
    try {
      server.answer(
        endpoint.routes({
          '/.well-known/openid-configuration': endpoint.serve(metadata),
          '/openid/v1/jwks': endpoint.serve({ keys: [publicOf(rsa)] }),
        }),
      );
      expect(await verdict(tokenOf(KUBERNETES, { iss: server.url }), found)).toBe('OK');
      const other = endpoint.serve({ ...metadata, issuer: 'https://other.example' });
      server.answer(endpoint.routes({ '/.well-known/openid-configuration': other }));
      expect(await verdict(tokenOf(KUBERNETES, { iss: server.url }), found)).toBe('keys_unavailable');
    } finally {
      await server.stop();
    }
  });
});
