// The names that callers may not give to claims and members of the header of our own tokens.

/** Names that own claims may not take: they are what verification rests on. */
export const REGISTERED: ReadonlySet<string> = new Set([
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'sid',
  'scope',
  'auth_time',
  'acr',
  'amr',
  'stamp',
  'kind',
  'client_id',
  'cnf',
  'is_restricted',
  'roles',
  // Marks of an ID token (OpenID Connect Core §2, §3.3.2.11): our own verifier, like any careful one, refuses access tokens with them.
  'nonce',
  'at_hash',
  'c_hash',
  's_hash',
  '__proto__',
]);

/** Members of the header that are set by the library. */
export const RESERVED_HEADERS: ReadonlySet<string> = new Set(['alg', 'kid', 'typ', 'crit', 'b64', 'zip', '__proto__']);
