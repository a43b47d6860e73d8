// How the answers of the token routes are described in OpenAPI.
import { objectOf, TEXT, type Answer } from './open-api.js';

/** A sign-in or a refresh. */
export const PAIR: Answer = {
  status: 200,
  description: 'A pair of tokens.',
  schema: objectOf({
    access_token: TEXT,
    refresh_token: TEXT,
    token_type: { type: 'string', enum: ['Bearer'] },
    expires_in: { type: 'integer', description: 'Life of the access token in seconds.' },
  }),
  refusals: [400, 401, 503],
};

/** A token that is good. */
export const GOOD: Answer = { status: 204, description: 'The token is good.', refusals: [400, 401, 503] };

/** A revocation, whether there was something to revoke or not (RFC 7009 §2.2). */
export const ENDED: Answer = {
  status: 200,
  description: 'The token is not good, or no longer.',
  refusals: [400, 503],
  oauthErrors: true,
};

/** An introspection (RFC 7662 §2.2). */
export const ABOUT: Answer = {
  status: 200,
  description: 'What a live token says; of any other, that it is not live.',
  madeBy: ['describe'],
  oauthErrors: true,
  schema: { ...objectOf({ active: { type: 'boolean' } }), additionalProperties: true },
};
