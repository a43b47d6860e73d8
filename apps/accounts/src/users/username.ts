/**
 * The normalized form of a user name, which is stored, unique and looked up; `undefined` if a text cannot be a name. Case, surrounding
 * whitespace and full-width forms make no difference; invisible characters and letters that only look like ASCII are refused.
 */
export function normaliseUsername(text: string): string | undefined {
  const name = text.normalize('NFKC').trim().toLowerCase();
  return /^[a-z0-9](?:[a-z0-9._@+-]{0,62}[a-z0-9])?$/.test(name) ? name : undefined;
}
