// Why a document could not be had.

/** Says why a document could not be had, in words of our own that are safe to log. */
export class KeyFetchError extends Error {
  override readonly name = 'KeyFetchError';
  /** True if the other side answered that there is no such document, so that another address may have it. */
  readonly isAbsent: boolean;

  constructor(message: string, { isAbsent = false, ...options }: ErrorOptions & { readonly isAbsent?: boolean } = {}) {
    super(message, options);
    this.isAbsent = isAbsent;
  }
}
