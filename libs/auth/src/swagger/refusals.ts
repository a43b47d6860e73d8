// The refusals in the document: their body, from the error table itself, their headers and which operations can answer them.
import { RequestMethod } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { ERROR_TABLE, type ErrorEntry } from '../index.js';
import { GENERIC_CODES, OAUTH_ERRORS, REFUSALS, type EffectivePolicy, type AuthSettings } from '../nest/internal.js';
import { isOpenToNobody, scopesOf } from './requirements.js';

type Components = NonNullable<OpenAPIObject['components']>;
type SchemaObject = NonNullable<Components['schemas']>[string];
type ResponseObject = NonNullable<Components['responses']>[string];
type Errors = AuthSettings['errors'];
type Format = Errors['format'];

/** The name of the body's schema in the document's components. */
export const ERROR_SCHEMA = 'AuthErrorBody';

/** The codes that a client may see: those hidden behind another never leave the process. */
function publicCodes(detail: Errors['detail']): readonly string[] {
  if (detail === 'generic') return GENERIC_CODES;
  const rows: readonly (readonly [string, ErrorEntry])[] = Object.entries(ERROR_TABLE);
  return [...new Set(rows.map(([code, { publicCode }]) => publicCode ?? code))];
}

const text = (description: string) => ({ type: 'string', description });

/** A body of the wrong shape is answered with every rule that it breaks. */
const MESSAGE = {
  description: 'For users.',
  anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
};

/** What a client goes on with. */
const STEP = {
  type: 'object',
  description: 'The step that is missing, with `further_step_required`.',
  properties: {
    kind: text('What is asked for.'),
    data: { description: 'What the application tells besides.' },
    continuation: text('What the next step comes back with. It is good once.'),
    expiresIn: { type: 'integer', description: 'How long, in seconds.' },
  },
  required: ['kind', 'continuation', 'expiresIn'],
};

/** The body of every refusal. */
export function errorSchema({ format, body, detail }: Pick<Errors, 'format' | 'body' | 'detail'>): SchemaObject {
  // Only the application knows what its function answers with.
  if (body !== undefined) return { type: 'object', description: 'A refusal.' };
  const status = { type: 'integer', description: 'The HTTP status.' };
  const errorCode = {
    type: 'string',
    enum: [...publicCodes(detail)],
    description: 'What programs decide by. Never renamed.',
  };
  const properties =
    format === 'problem'
      ? { type: text('Always `about:blank`.'), title: text('The reason phrase.'), status, detail: text('For users.') }
      : { statusCode: status, message: MESSAGE, error: text('The reason phrase.') };
  const all = { ...properties, errorCode };
  return {
    type: 'object',
    description: 'A refusal.',
    properties: { ...all, step: STEP },
    required: Object.keys(all),
  };
}

/** What a handler may answer that refuses by itself, and says so. */
export function ownRefusalsOf(
  handler: object,
  { errors, csrf }: Pick<AuthSettings, 'errors' | 'csrf'>,
): Record<string, ResponseObject> {
  // Ready-made controllers alone write it.
  const stated = (Reflect.getMetadata(REFUSALS, handler) ?? []) as readonly (keyof typeof OWN_REFUSALS)[];
  const statuses = [...stated, ...(isReadyMadePost(handler) ? OF_BODIES : [])];
  const content = contentOf(errors.format);
  const possible = statuses.filter((status) => status !== 403 || !csrf.disabled);
  const isChallenged = errors.challenges || Reflect.getMetadata(OAUTH_ERRORS, handler) === true;
  return Object.fromEntries(
    possible.map((status) => {
      const refusal: ResponseObject = { ...OWN_REFUSALS[status], content };
      return [status, isChallenged ? refusal : withoutChallenge(refusal)];
    }),
  );
}

function withoutChallenge(refusal: ResponseObject): ResponseObject {
  const { headers = {}, ...others } = refusal as { headers?: ResponseHeaders } & ResponseObject;
  const { 'WWW-Authenticate': _challenge, ...kept } = headers;
  return Object.keys(kept).length === 0 ? others : { ...others, headers: kept };
}

/** Bodies that are refused in the words of RFC 6749 §5.2 are so in plain JSON, whatever the format of other refusals. */
export function describeOAuthErrors(handler: object, responses: Readonly<Record<string, unknown>>): void {
  if (Reflect.getMetadata(OAUTH_ERRORS, handler) !== true) return;
  // Ready-made routes alone have the mark, and their 400 was written above; an application may have replaced it.
  const refusal = responses[400] as { content?: Readonly<Record<string, object>> } | undefined;
  if (refusal?.content === undefined) return;
  refusal.content = { ...refusal.content, 'application/json': bodyReference };
}

/** Of a `POST`, the body is read, whether the handler wants one or not. */
function isReadyMadePost(handler: object): boolean {
  return Reflect.hasMetadata(REFUSALS, handler) && Reflect.getMetadata('method', handler) === RequestMethod.POST;
}

/** What a guarded operation may answer instead of its own answer. */
export function refusalsOf(policy: EffectivePolicy, errors: Errors): Record<string, ResponseObject> {
  const content = contentOf(errors.format);
  const refusal = (description: string, headers: ResponseHeaders): ResponseObject => {
    const described: ResponseObject = { description, headers, content };
    return errors.challenges ? described : withoutChallenge(described);
  };
  const always = {
    400: refusal('Two credentials in one place.', challenge('With `error="invalid_request"`.')),
    503: refusal('The caller could not be checked: a dependency did not answer.', retryAfter),
  };
  if (isOpenToNobody(policy)) return always;
  const scopes = scopesOf(policy);
  const signedIn = authenticationOf(policy);
  const needed = scopes.length === 0 ? '' : ` Required scopes: ${scopes.join(' ')}.`;
  return {
    ...always,
    401: refusal(
      `No credential, or one that is not good.${audiencesOf(policy)}${signedIn}`,
      challenge('What to send; bare if nothing was sent.'),
    ),
    403: refusal(
      `The caller is known and may not do this.${needed}`,
      challenge('With `error="insufficient_scope"`, if a scope is missing.', false),
    ),
  };
}

/** Whom the token must be meant for, in words. Of each policy one, because policies accumulate. */
function audiencesOf({ policies }: EffectivePolicy): string {
  return policies
    .flatMap(({ requires }) => (requires?.audiences === undefined ? [] : [requires.audiences.join(' or ')]))
    .map((audiences) => ` Required audience: ${audiences}.`)
    .join('');
}

/** How recent and how strong the sign-in must be, in words (RFC 9470). */
function authenticationOf({ policies }: EffectivePolicy): string {
  const demands = policies.flatMap(({ requires }) => requires?.authentication ?? []);
  const words = demands.flatMap(({ maxAgeSeconds, acrValues, amr = [] }) => [
    ...(maxAgeSeconds === undefined ? [] : [`at most ${maxAgeSeconds} seconds old`]),
    ...(acrValues === undefined ? [] : [`of acr ${acrValues.join(' or ')}`]),
    ...(amr.length === 0 ? [] : [`by ${amr.join(' and ')}`]),
  ]);
  return words.length === 0 ? '' : ` Required is a sign-in ${words.join(', ')}.`;
}

type ResponseHeaders = Record<string, { description: string; schema: { type: string }; required?: boolean }>;

const bodyReference = { schema: { $ref: `#/components/schemas/${ERROR_SCHEMA}` } };

const contentOf = (format: Format) => ({
  [format === 'problem' ? 'application/problem+json' : 'application/json']: bodyReference,
});

const retryAfter: ResponseHeaders = {
  'Retry-After': { description: 'When to try again, in seconds.', schema: { type: 'integer' }, required: true },
};

const maybeRetryAfter: ResponseHeaders = {
  'Retry-After': { description: 'When to try again, in seconds.', schema: { type: 'integer' } },
};

function challenge(description: string, required = true): ResponseHeaders {
  return { 'WWW-Authenticate': { description, schema: { type: 'string' }, required } };
}

const OF_BODIES = [413, 415, 429] as const;

const OWN_REFUSALS = {
  400: { description: 'The request does not have the required shape, or asks for more than was granted.' },
  401: { description: 'What was sent is not good.', headers: challenge('Why it is not, as far as that may be said.') },
  403: { description: 'Nothing proves that one of our own pages sent the request.' },
  413: { description: 'The request body is too large.' },
  415: { description: 'The request body has a type, a charset or an encoding that is not accepted.' },
  429: { description: 'Too many requests, if the application limits them.', headers: maybeRetryAfter },
  503: { description: 'Unknown: a dependency did not answer.', headers: retryAfter },
} as const;
