// The bodies that carry a token, as JSON or as a form.
import { IsNotEmpty, IsString } from 'class-validator';
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

/** Body of a refresh. */
export class RefreshBody {
  @IsString()
  @IsNotEmpty()
  readonly refresh_token!: string;

  static _OPENAPI_METADATA_FACTORY() {
    return documented('refresh_token');
  }
}
