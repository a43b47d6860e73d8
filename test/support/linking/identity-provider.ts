import type { ExternalCallback, ExternalSignInRequest } from 'nestjs-latchkey/browser';

/** What elsewhere.ts asks `openid-client` for, with the redirect URI of the links. */
export abstract class IdentityProvider {
  abstract authorizationUrl(begun: ExternalSignInRequest): Promise<string>;
  /** Of the verified ID token. */
  abstract claims(callback: ExternalCallback): Promise<{ readonly iss: string; readonly sub: string }>;
}
