// Who asks at the token endpoint: the client, by its secret or by an assertion. One refusal for every reason.
import { AuthError } from '../base/errors.js';
import type { ClientAuthMethod } from '../base/events.js';
import { clientIdProblem } from '../tokens/client-id.js';
import { ClientAssertions } from './client-assertions.js';
import { isSecretOf } from './client-secrets.js';
import { findClient, hashesOf, keysOf, type ClientDescription, type ClientSource } from './client-source.js';

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
   * @param onFound called with the id that was sent, as soon as the source knows it: not proven, and for what is published alone
   * @throws {AuthError} `invalid_client`, the same for every reason: unknown, inactive, wrong secret, unacceptable assertion;
   * `users_unavailable`, `keys_unavailable`, `misconfigured`
   */
  async authenticate(
    presented: PresentedClient,
    onFound: (id: string) => void = () => {},
  ): Promise<AuthenticatedClient> {
    if (!this.methods.includes(presented.method)) throw invalidClient('must use one of the methods', 'methods');
    try {
      return await (presented.method === 'private_key_jwt'
        ? this.byAssertion(presented, onFound)
        : this.bySecret(presented, onFound));
    } catch (error) {
      throw refusalOf(error);
    }
  }

  private async bySecret(
    { clientId, secret }: Extract<PresentedClient, { secret: string }>,
    onFound: (id: string) => void,
  ): Promise<AuthenticatedClient> {
    const client = await this.find(clientId, onFound);
    const isRight = isSecretOf(secret, hashesOf(client?.secretHashes));
    if (client === undefined) throw unknownClient();
    if (!isRight) throw invalidClient('must send a secret of the client');
    assertActive(client);
    return { client, use: () => Promise.resolve() };
  }

  private async byAssertion(
    { assertion, clientId: stated }: Extract<PresentedClient, { assertion: string }>,
    onFound: (id: string) => void,
  ): Promise<AuthenticatedClient> {
    const { assertions } = this;
    const clientId = ClientAssertions.clientOf(assertion);
    if (assertions === undefined || clientId === undefined) throw invalidClient('iss and sub must be the same client');
    if (stated !== undefined && stated !== clientId)
      throw invalidClient('client_id must be the client of the assertion');
    const client = await this.find(clientId, onFound);
    const verified = await assertions.verify(assertion, clientId, client && keysOf(client)).catch((error: unknown) => {
      throw client === undefined ? unknownClient(error) : error;
    });
    if (client === undefined) throw unknownClient();
    assertActive(client);
    return { client, use: () => assertions.use(verified, clientId).catch((error) => Promise.reject(refusalOf(error))) };
  }

  /** What cannot be the id of a client never reaches the source. Braces stand for tenants in names of issuers. */
  private async find(id: string, onFound: (id: string) => void): Promise<ClientDescription | undefined> {
    if (clientIdProblem(id) !== undefined || /[{}]/.test(id)) throw unknownClient();
    const client = await findClient(this.source, id);
    if (client !== undefined) onFound(client.id);
    return client;
  }
}

/** @throws {AuthError} `invalid_client`, after the proof: whether a client is active is told to itself alone */
function assertActive({ active }: ClientDescription): void {
  if (!active) throw invalidClient('must be active');
}

/** What the client proved is checked before, so that an unknown one takes as long. */
function unknownClient(cause?: unknown): AuthError {
  if (cause instanceof AuthError && cause.isUnavailable) return cause;
  const reason = { rule: 'must be a client that the ClientSource knows' };
  return new AuthError('invalid_client', { oauthError: 'invalid_client', reason });
}

/** @param rule what the client must do: for the log and events, never for the answer */
function invalidClient(rule: string, option?: string): AuthError {
  const reason = option === undefined ? { rule } : { rule, option };
  return new AuthError('invalid_client', { oauthError: 'invalid_client', reason });
}

/** One answer for all that is wrong with a client, and those that say "cannot tell" as they are. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof AuthError) || error.isUnavailable) return error;
  if (error.code === 'invalid_client') return error;
  return new AuthError('invalid_client', { cause: error, oauthError: 'invalid_client' });
}
