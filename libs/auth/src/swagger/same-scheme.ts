// Security schemes that an application described under names of its own: which of them is one of ours.
import type { OpenAPIObject } from '@nestjs/swagger';
import type { SecurityDescription } from '../schemes.js';

export type SecuritySchemes = NonNullable<NonNullable<OpenAPIObject['components']>['securitySchemes']>;

/** The names under which the application described the same place in a request: the same header, or the same cookie. */
export function namesOfSame(description: SecurityDescription, written: SecuritySchemes): readonly string[] {
  const place = placeOf(description);
  if (place === undefined) return [];
  return Object.keys(written).filter((name) => {
    const theirs = written[name];
    return theirs !== undefined && !('$ref' in theirs) && placeOf(theirs) === place;
  });
}

/** What a client has to send, without case if HTTP has none. `undefined` for OAuth flows, which say how a token is had. */
function placeOf({ type, scheme, in: where, name }: PlaceFields): string | undefined {
  if (type === 'http' && scheme !== undefined) return `authorization ${scheme.toLowerCase()}`;
  if (type !== 'apiKey' || where === undefined || name === undefined) return undefined;
  return `${where} ${where === 'header' ? name.toLowerCase() : name}`;
}

interface PlaceFields {
  readonly type: string;
  readonly scheme?: string | undefined;
  readonly in?: string | undefined;
  readonly name?: string | undefined;
}
