// Who asks at the token endpoint: the client, by its secret or by an assertion. One refusal for every reason.
import { AuthError } from '../base/errors.js';
import { clientIdProblem } from '../tokens/client-id.js';
import { ClientAssertions } from './client-assertions.js';
import { isSecretOf } from './client-secrets.js';
import { findClient, hashesOf, type ClientDescription, type ClientSource } from './client-source.js';

/** How a client proves who it is, by the names of RFC 7591 §2 and OpenID Connect Core §9. */
export type ClientAuthMethod = 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt';

/** What a client sent to prove who it is. */
export type PresentedClient =
  | {
      readonly method: 'client_secret_basic' | 'client_secret_post';
      readonly clientId: string;
      readonly secret: string;
    }
  | {
      readonly method: 'private_key_jwt';
      readonly assertion: string;
      /** `client_id` of the body, which is not needed (RFC 7521 §4.2). */
      readonly clientId?: string | undefined;
    };

/** A client that proved who it is. */
export interface AuthenticatedClient {
  readonly client: ClientDescription;
  /** Records that its assertion was used; to be called when nothing else can refuse the request. @throws {AuthError} */
  use(): Promise<void>;
}

/** Authenticates clients. */
export class ClientAuthentication {
  /** @param assertions `undefined` if no method needs them */
  constructor(
    private readonly source: ClientSource,
    private readonly methods: readonly ClientAuthMethod[],
    private readonly assertions: ClientAssertions | undefined,
  ) {}

  /**
   * The client that sent this.
   * @throws {AuthError} `invalid_client`, the same for every reason: unknown, inactive, wrong secret, unacceptable assertion;
   * `users_unavailable`, `misconfigured`
   */
  async authenticate(presented: PresentedClient): Promise<AuthenticatedClient> {
    if (!this.methods.includes(presented.method)) throw invalidClient();
    try {
      return await (presented.method === 'private_key_jwt' ? this.byAssertion(presented) : this.bySecret(presented));
    } catch (error) {
      throw refusalOf(error);
    }
  }

  private async bySecret({
    clientId,
    secret,
  }: Extract<PresentedClient, { secret: string }>): Promise<AuthenticatedClient> {
    const client = await this.find(clientId);
    const isRight = isSecretOf(secret, hashesOf(client?.secretHashes));
    if (client?.active !== true || !isRight) throw invalidClient();
    return { client, use: () => Promise.resolve() };
  }

  private async byAssertion({
    assertion,
    clientId: stated,
  }: Extract<PresentedClient, { assertion: string }>): Promise<AuthenticatedClient> {
    const { assertions } = this;
    const clientId = ClientAssertions.clientOf(assertion);
    if (assertions === undefined || clientId === undefined) throw invalidClient();
    if (stated !== undefined && stated !== clientId) throw invalidClient();
    const client = await this.find(clientId);
    const verified = await assertions.verify(assertion, clientId, client?.jwks);
    if (client?.active !== true) throw invalidClient();
    return { client, use: () => assertions.use(verified, clientId).catch((error) => Promise.reject(refusalOf(error))) };
  }

  /** What cannot be the id of a client never reaches the source. Braces stand for tenants in names of issuers. */
  private async find(id: string): Promise<ClientDescription | undefined> {
    if (clientIdProblem(id) !== undefined || /[{}]/.test(id)) throw invalidClient();
    return findClient(this.source, id);
  }
}

function invalidClient(cause?: unknown): AuthError {
  return new AuthError('invalid_client', { cause, oauthError: 'invalid_client' });
}

/** One answer for all that is wrong with a client, and those that say "cannot tell" as they are. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof AuthError) || error.isUnavailable) return error;
  return error.code === 'invalid_client' ? error : invalidClient(error);
}
