// The `token` of RFC 9110 section 5.6.2.

/** What names of headers, authentication schemes and cookies are made of. */
export const HTTP_TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
