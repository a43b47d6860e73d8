/**
 * The one spelling of a user name, which is stored, unique and looked up; `undefined` where a text cannot be a name. Case, blanks
 * around it and full-width forms make no difference; invisible characters and letters that only look like ASCII are no names.
 */
export function normaliseUsername(text: string): string | undefined {
  const name = text.normalize('NFKC').trim().toLowerCase();
  return /^[a-z0-9](?:[a-z0-9._@+-]{0,62}[a-z0-9])?$/.test(name) ? name : undefined;
}
