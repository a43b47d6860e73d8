// The one refusal that is an invitation: "sign in over there", as strategies of OAuth say it.

/** The cause of a refusal: where the caller is redirected instead of being refused. Only http can do so. */
export class LoginRedirectError extends Error {
  override readonly name = 'LoginRedirectError';

  constructor(
    readonly url: string,
    /** 302, or what the strategy asked for. */
    readonly status: number,
  ) {
    super('The caller is to sign in elsewhere.');
  }
}
