// Secrets that documentation, tutorials and starter kits print. Letters and digits alone, in lower case; keys also as their base64url.

/** They are public, whatever their length. */
export const SAMPLE_SECRETS: ReadonlySet<string> = new Set(
  [
    // jwt.io, before and after its redesign
    'your-256-bit-secret',
    'your-384-bit-secret',
    'your-512-bit-secret',
    'a-string-secret-at-least-256-bits-long',
    'a-valid-string-secret-that-is-at-least-384-bits-long',
    'a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long',
    // this library's own guide for a while
    'a secret of the old days, 32 bytes or more',
    // Supabase's local stack
    'super-secret-jwt-token-with-at-least-32-characters-long',
    // FastAPI's tutorial, jose's documentation
    '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7',
    'cc7e0d44fd473002f1c42167459001140ec6389b7353f8088f4d9a95f2f596f2',
    // tutorials of Spring Security
    '404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970',
    '413F4428472B4B6250655368566D5970337336763979244226452948404D6351',
    '3cfa76ef14937c1c0ea519f8fc057a80fcd04a7420f8e8bcd0a7567c272e007b',
    // pangrams and the like
    'the quick brown fox jumps over the lazy dog',
    'correct horse battery staple correct horse battery staple',
  ].map((secret) => secret.toLowerCase().replaceAll(/[^a-z0-9]/g, '')),
);
