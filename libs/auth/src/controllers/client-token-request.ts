// What a client sends to the token endpoint: who it says it is, by one method alone (RFC 6749 §2.3), and what it asks for.
import { IsNotEmpty, IsOptional, IsString, ValidateBy } from 'class-validator';
import { AuthError, JWT_BEARER, type ClientTokenRequest, type PresentedClient } from '../core/internal.js';

const OPTIONAL = ['scope', 'resource', 'client_id', 'client_secret', 'client_assertion', 'client_assertion_type'];

function isTextOrTexts(value: unknown): boolean {
  return [value].flat().every((each) => typeof each === 'string');
}

/** One text, or a list of texts. */
function IsResource(): PropertyDecorator {
  return ValidateBy({
    name: 'isResource',
    validator: { validate: isTextOrTexts, defaultMessage: () => 'resource must be a string, or several' },
  });
}

/** Body of a request for a token, as a form; JSON is read, too. A parameter that is sent twice is refused, except `resource`. */
export class ClientTokenBody {
  /** `client_credentials`. */
  @IsString()
  @IsNotEmpty()
  readonly grant_type!: string;

  @IsOptional()
  @IsString()
  readonly scope?: string;

  /** RFC 8707 §2: may be there several times. */
  @IsOptional()
  @IsResource()
  readonly resource?: string | readonly string[];

  @IsOptional()
  @IsString()
  readonly client_id?: string;

  @IsOptional()
  @IsString()
  readonly client_secret?: string;

  @IsOptional()
  @IsString()
  readonly client_assertion?: string;

  @IsOptional()
  @IsString()
  readonly client_assertion_type?: string;

  static _OPENAPI_METADATA_FACTORY() {
    const optional = OPTIONAL.map((name) => [name, { required: false, type: () => String }]);
    return { grant_type: { required: true, type: () => String }, ...Object.fromEntries(optional) };
  }
}

/** What the request asks for. A parameter without a value counts as left out (RFC 6749 §3.2). */
export function tokenRequest({ scope, resource }: ClientTokenBody): ClientTokenRequest {
  const resources = [resource ?? []].flat().filter((each) => each !== '');
  return { scope: scope === '' ? undefined : scope, resources: resources.length === 0 ? undefined : resources };
}

/** Parameters that must not be in the address, where logs and proxies keep them (RFC 6749 §2.3.1). */
const NEVER_IN_QUERY = ['grant_type', ...OPTIONAL];

/**
 * How the client proves who it is.
 * @throws {AuthError} `invalid_request` for parameters in the address, and for two ways at once; `invalid_client` for none
 */
export function presentedClient(request: unknown, body: ClientTokenBody): PresentedClient {
  const { url, authorization } = factsOf(request);
  const { searchParams } = new URL(url, 'http://localhost');
  if (NEVER_IN_QUERY.some((name) => searchParams.has(name))) throw invalidRequest('parameters belong in the body');
  const sent = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== '')) as Partial<ClientTokenBody>;
  const asserted = sent.client_assertion ?? sent.client_assertion_type;
  const ways = [...authorization, sent.client_secret, asserted].filter((each) => each !== undefined);
  if (ways.length > 1) throw invalidRequest('a client proves who it is in one way');
  const [header] = authorization;
  if (header !== undefined) return basicClient(header, sent);
  return asserted === undefined ? postedClient(sent) : assertedClient(sent);
}

function postedClient({ client_id: clientId, client_secret: secret }: Partial<ClientTokenBody>): PresentedClient {
  if (clientId === undefined || secret === undefined) throw invalidClient();
  return { method: 'client_secret_post', clientId, secret };
}

function assertedClient({
  client_assertion: assertion,
  client_assertion_type: type,
  client_id: clientId,
}: Partial<ClientTokenBody>): PresentedClient {
  if (assertion === undefined || type === undefined)
    throw invalidRequest('client_assertion and client_assertion_type belong together');
  if (type !== JWT_BEARER) throw invalidClient();
  return { method: 'private_key_jwt', assertion, clientId };
}

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;

function basicClient(header: string, { client_id: stated }: Partial<ClientTokenBody>): PresentedClient {
  const [clientId, secret] = basicParts(header);
  if (!clientId || !secret) throw invalidClient();
  if (stated !== undefined && stated !== clientId) throw invalidRequest('client_id is not the client of the header');
  return { method: 'client_secret_basic', clientId, secret };
}

/** Id and secret are form-encoded before they are joined and encoded in base64 (RFC 6749 §2.3.1). */
function basicParts(header: string): readonly (string | undefined)[] {
  const joined = Buffer.from(BASIC.exec(header)?.[1] ?? '', 'base64').toString('utf8');
  return (/^([^:]+):(.+)$/s.exec(joined) ?? []).slice(1).map(formDecoded);
}

function formDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

interface RequestFacts {
  readonly url: string;
  readonly authorization: readonly string[];
}

/** Both frameworks have Node's request, Fastify in `raw`. Node keeps the first of two Authorization headers, and shows all as they came. */
function factsOf(request: unknown): RequestFacts {
  const { raw = request } = request as { readonly raw?: unknown };
  const { url = '/', rawHeaders = [] } = raw as { readonly url?: string; readonly rawHeaders?: readonly string[] };
  const authorization = rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'authorization',
  );
  return { url, authorization };
}

function invalidRequest(problem: string): AuthError {
  return new AuthError('invalid_request', { oauthError: 'invalid_request', problems: [problem] });
}

function invalidClient(): AuthError {
  return new AuthError('invalid_client', { oauthError: 'invalid_client' });
}
