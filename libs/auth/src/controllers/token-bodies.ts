// The bodies that carry a token, as JSON or as a form.
import { IsNotEmpty, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { documented } from './sign-in-body.js';

/** Body that carries one token. A hint about its type (RFC 7009 §2.1) is not needed, and dropped. */
export class TokenBody {
  @IsString()
  @IsNotEmpty()
  readonly token!: string;

  static _OPENAPI_METADATA_FACTORY() {
    return documented('token');
  }
}

/** Scopes separated by single spaces (RFC 6749 §3.3). */
const SCOPES = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;

/** Body of a refresh. */
export class RefreshBody {
  @IsString()
  @IsNotEmpty()
  readonly refresh_token!: string;

  /** Fewer scopes than were granted, for the access token alone (RFC 6749 §6). */
  @IsOptional()
  @Matches(SCOPES)
  @MaxLength(4096)
  readonly scope?: string;

  static _OPENAPI_METADATA_FACTORY() {
    return { ...documented('refresh_token'), scope: { required: false, type: () => String } };
  }
}

/** What a refresh asks for. */
export interface RefreshRequest {
  readonly refreshToken: string;
  /** Fewer scopes than were granted. @defaultValue all of them */
  readonly scopes?: readonly string[] | undefined;
}

/** What the usual body of a refresh asks for. */
export function refreshIn({ refresh_token: refreshToken, scope }: RefreshBody): RefreshRequest {
  return { refreshToken, scopes: scope?.split(' ') };
}
