import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { ExternalCallback, ExternalSignInRequest } from 'nestjs-latchkey/browser';
import * as client from 'openid-client';
import { externalProvider, type Environment } from '../environment.js';

/** The identity provider, by OpenID Connect. */
@Injectable()
export class ExternalProvider {
  private readonly redirectUri: string;
  private discovered: Promise<client.Configuration> | undefined;

  constructor(config: ConfigService<Environment, true>) {
    this.redirectUri = `${config.get('PUBLIC_URL', { infer: true })}/login/elsewhere/callback`;
  }

  /** Where to send the browser. */
  async authorizationUrl({ state, nonce, codeChallenge }: ExternalSignInRequest): Promise<string> {
    const parameters = {
      redirect_uri: this.redirectUri,
      scope: 'openid',
      state,
      nonce,
      code_challenge: codeChallenge,
      code_challenge_method: 'S256',
    };
    return client.buildAuthorizationUrl(await this.configuration(), parameters).href;
  }

  /** What the provider asserts about the user of a callback, checked. */
  async claims({ state, nonce, codeVerifier, search }: ExternalCallback): Promise<client.IDToken> {
    const url = new URL(this.redirectUri + search);
    const tokens = await client.authorizationCodeGrant(await this.configuration(), url, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: codeVerifier,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (claims === undefined) throw new Error('The provider sent no ID token.');
    return claims;
  }

  /** Fetched when it is first needed; after a failure again. */
  private configuration(): Promise<client.Configuration> {
    this.discovered ??= this.discover().catch((error: unknown) => {
      this.discovered = undefined;
      throw error;
    });
    return this.discovered;
  }

  private async discover(): Promise<client.Configuration> {
    const { issuer = '', clientId = '', clientSecret } = externalProvider ?? {};
    const url = new URL(issuer);
    // For a provider on this host in development; all others speak https.
    const execute = url.hostname === 'localhost' ? [client.allowInsecureRequests] : [];
    return client.discovery(url, clientId, clientSecret, undefined, { execute });
  }
}
