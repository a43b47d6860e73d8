// The grant of client credentials (RFC 6749 §4.4): what an authenticated client may have, and its token.
import { AuthError } from '../base/errors.js';
import type { EventSink } from '../base/event-sink.js';
import type { ClientRefusalEvent } from '../base/events.js';
import type { ClientTokenOptions } from '../issuing/token-options.js';
import type { TokenService } from '../issuing/token-service.js';
import { UnissuableToken } from '../tokens/unissuable-token.js';
import type { ClientAuthentication, PresentedClient } from './client-authentication.js';
import type { ClientDescription } from './client-source.js';

/** What a client asks for. */
export interface ClientTokenRequest {
  /** `scope` (RFC 6749 §3.3): names with single spaces between them. @defaultValue all scopes of the client */
  readonly scope?: string | undefined;
  /** `resource` (RFC 8707 §2): what the token is to be used at. @defaultValue the one audience of the client */
  readonly resources?: readonly string[] | undefined;
}

/** What a client receives (RFC 6749 §5.1). */
export interface ClientTokenResponse {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  /** Life in seconds. */
  readonly expires_in: number;
  /** What was granted, with spaces between. */
  readonly scope: string;
}

/** What was sent to the token endpoint. */
export interface AskedClientToken {
  readonly presented: PresentedClient;
  readonly request: ClientTokenRequest;
}

/** What tokens for clients are made of. */
export interface ClientTokensParts {
  readonly tokens: Pick<TokenService, 'issueForClient'>;
  readonly clients: ClientAuthentication;
  readonly issuer: string;
  /** The audiences of the module. */
  readonly audience: readonly string[];
  readonly eventSink: EventSink;
}

/** What is known of the client so far, for what is published. */
type Known = { -readonly [Name in 'clientId' | 'method']?: ClientRefusalEvent[Name] };

/** Issues tokens to clients. */
export class ClientTokens {
  constructor(private readonly parts: ClientTokensParts) {}

  /**
   * A token for the client that proved who it is. The use of its assertion is recorded last before the token is signed. Success and every
   * refusal are published.
   *
   * @param read reads what was sent; what it throws is a refusal, too
   * @throws {AuthError} `invalid_client`, `scope_not_allowed`, `invalid_target`; the 503 codes; `misconfigured`
   */
  async issue(read: () => AskedClientToken): Promise<ClientTokenResponse> {
    const known: Known = {};
    try {
      const asked = read();
      known.method = asked.presented.method;
      return await this.issued(asked, (clientId) => {
        known.clientId = clientId;
      });
    } catch (error) {
      if (error instanceof AuthError) this.publishRefusal(error, known);
      throw error;
    }
  }

  private async issued(
    { presented, request }: AskedClientToken,
    onFound: (id: string) => void,
  ): Promise<ClientTokenResponse> {
    const { clients, eventSink, issuer } = this.parts;
    const { client, use } = await clients.authenticate(presented, onFound);
    const scopes = scopesFor(client, request.scope);
    const audience = this.audienceFor(client, request.resources);
    await use();
    const { accessToken, expiresIn } = await this.sign(client, { scopes, audience });
    const event = { type: 'client_sign_in', issuer, clientId: client.id, method: presented.method } as const;
    // Before the client has the token: an audit trail that is required may refuse.
    await eventSink.before(event);
    eventSink.after(event);
    return { access_token: accessToken, token_type: 'Bearer', expires_in: expiresIn, scope: scopes.join(' ') };
  }

  /** The exact code: that of an assertion is the cause of what the client sees. */
  private publishRefusal(error: AuthError, known: Known): void {
    const { code, reason } = error.code === 'invalid_client' && error.cause instanceof AuthError ? error.cause : error;
    this.parts.eventSink.after({ type: 'client_sign_in_refused', issuer: this.parts.issuer, code, reason, ...known });
  }

  private async sign(client: ClientDescription, granted: Pick<ClientTokenOptions, 'scopes' | 'audience'>) {
    const { id, accessTtl, restricted, filters, claims } = client;
    try {
      return await this.parts.tokens.issueForClient(id, { ...granted, accessTtl, restricted, filters, claims });
    } catch (cause) {
      // A description that no token can be made of.
      if (!(cause instanceof TypeError)) throw cause;
      const unusable = new UnissuableToken(
        `ClientSource answered with a client that no token can be made for: ${cause.message}`,
      );
      throw new AuthError('misconfigured', { cause: unusable });
    }
  }

  /** @returns `undefined` for the audience of the module */
  private audienceFor(
    { audiences }: ClientDescription,
    asked: readonly string[] | undefined,
  ): readonly string[] | undefined {
    if (asked !== undefined) {
      const allowed = audiences ?? this.parts.audience;
      if (asked.every((each) => isResource(each) && allowed.includes(each))) return [...new Set(asked)];
      throw invalidTarget();
    }
    // One token for every service of the client would be good at each of them if one is broken into.
    if (audiences !== undefined && audiences.length > 1) throw invalidTarget();
    return audiences;
  }
}

/** RFC 8707 §2: an absolute URI without a fragment. */
function isResource(text: string): boolean {
  return URL.canParse(text) && !text.includes('#');
}

const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;

function scopesFor({ scopes = [] }: ClientDescription, asked: string | undefined): readonly string[] {
  if (asked === undefined) return scopes;
  const names = SCOPE.test(asked) ? [...new Set(asked.split(' '))] : undefined;
  if (names?.every((name) => scopes.includes(name)) === true) return names;
  throw new AuthError('scope_not_allowed', { oauthError: 'invalid_scope' });
}

function invalidTarget(): AuthError {
  return new AuthError('invalid_target', { oauthError: 'invalid_target' });
}
