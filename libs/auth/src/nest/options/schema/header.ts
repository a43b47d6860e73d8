// Where bearer tokens are found: its options.
import { group } from '../../../core/base/option-group.js';
import { callback, oneOf, text, value } from '../../../core/base/option-kinds.js';
import type { SchemeDescription } from '../../../core/schemes/scheme-description.js';
import { HTTP_TOKEN } from './http-token.js';

/** A function of passport-jwt's `ExtractJwt` login, or your own: the token's text, or nothing. */
export type TokenExtractor = (request: never) => string | null | undefined;

/** Where bearer tokens are found. */
export interface HeaderOptions {
  /** The name of the header. @defaultValue 'authorization' */
  readonly name?: string;
  /** Scheme names, compared without case; `[]` if the header holds the token alone, and `sentBy` is given. @defaultValue ['Bearer'] */
  readonly schemes?: readonly string[];
  /**
   * `browser` if a proxy makes the header of a cookie (Cloudflare Access, an AWS load balancer, oauth2-proxy): unsafe methods then
   * need the CSRF token. Required with `schemes: []`; with an `extractor` it is determined for each request. @defaultValue 'client'
   */
  readonly sentBy?: 'client' | 'browser';
  /**
   * Replaces the header: any passport-jwt extractor. It is given the framework's request. A token that the request does not show in
   * a header of its own, the query or the body may come from a cookie: unsafe methods then need the CSRF token.
   */
  readonly extractor?: TokenExtractor;
  /** How OpenAPI documents show where the extractor looks. @defaultValue a hint to describe it */
  readonly openapi?: SchemeDescription;
}

export const header = group<HeaderOptions>()({
  summary: 'where bearer tokens are found',
  options: {
    name: text({
      accepts: 'a header name',
      check: HTTP_TOKEN,
      refused: 'x y',
      default: 'authorization',
      summary: 'the name of the header',
    }),
    schemes: value<readonly string[]>({
      accepts: "a list of scheme names like ['Bearer'], or [] for a token without one",
      holds: (given: unknown) => Array.isArray(given) && given.every((scheme: unknown) => isName(scheme)),
      refused: ['x y'],
      default: ['Bearer'],
      summary: 'scheme names, compared without case; `[]` if the header holds the token alone, and `sentBy` is given',
    }),
    sentBy: oneOf(['client', 'browser'], {
      otherwise: "`'client'`",
      summary: '`browser` if a proxy makes the header of a cookie: unsafe methods then need the CSRF token',
    }),
    extractor: callback<TokenExtractor>({
      accepts: 'a function, like those of ExtractJwt',
      otherwise: 'none',
      summary: 'replaces the header: any passport-jwt extractor',
    }),
    openapi: value<SchemeDescription>({
      accepts: "a description like { always: { bearer: { type: 'apiKey', in: 'header', name: 'x-token' } } }",
      holds: ({ always }: SchemeDescription) => typeof always === 'object' && always !== null,
      refused: {},
      otherwise: 'a hint to describe it',
      summary: 'how OpenAPI documents show where the extractor looks',
    }),
  },
  rules: [
    // A header without a scheme name is as often made by a proxy as by a client, and only one of the two proves intent.
    {
      between: ['schemes', 'sentBy', 'extractor'],
      broken: ({ schemes, sentBy, extractor }, of) =>
        schemes.length === 0 &&
        (sentBy ?? extractor) === undefined &&
        `${of('schemes')} is [] without ${of('sentBy')}; accepted is 'client' if clients set the header, 'browser' if a proxy makes it from a cookie`,
    },
    {
      between: ['sentBy', 'extractor'],
      broken: ({ sentBy, extractor }, of) =>
        extractor !== undefined &&
        sentBy === 'client' &&
        `${of('sentBy')} is 'client' beside ${of('extractor')}, which may read cookies; accepted is 'browser', or nothing: it is determined for each request`,
    },
    {
      between: ['openapi', 'extractor'],
      broken: ({ openapi, extractor }, of) =>
        openapi !== undefined &&
        extractor === undefined &&
        `${of('openapi')} describes ${of('extractor')}, which is not given; a header that is named describes itself`,
    },
  ],
  settings: ({ name, schemes, sentBy = 'client', extractor, openapi }) => ({
    name: name.toLowerCase(),
    schemes,
    sentBy,
    extractor,
    openapi,
  }),
});

function isName(scheme: unknown): boolean {
  return typeof scheme === 'string' && HTTP_TOKEN.test(scheme);
}
