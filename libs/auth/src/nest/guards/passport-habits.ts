// What guards of the application say in the words of passport's guard, as far as it means something here.
import type { AuthenticatedRequest } from '../transport/contexts.js';
import type { BrandedGuard } from '../routes/effective-policy.js';

/** What `getAuthenticateOptions()` may answer. Passport knows more names; `property` and `authInfo` are the honoured ones. */
export type PassportHabits = Readonly<Record<string, unknown>> | undefined;

/** Names that a user must not be put under: the principal's own, and what every object has. */
function isFree(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && name !== 'auth' && !(name in Object.prototype);
}

/** Puts the user and the principal on the request where handlers written for passport look for them. */
export function attachHabits(
  request: unknown,
  { user, auth }: Required<AuthenticatedRequest>,
  habits: PassportHabits,
): void {
  if (typeof request !== 'object' || request === null) return;
  const { property, authInfo } = habits ?? {};
  const named = isFree(property) ? { [property]: user } : {};
  Object.assign(request, authInfo === false ? {} : { authInfo: auth }, named);
}

/** A line for each guard that says more in passport's words than means something here. */
export function habitNotices(guards: readonly BrandedGuard[]): readonly string[] {
  return guards
    .filter((guard) => 'getAuthenticateOptions' in (guard.prototype as object))
    .map(
      ({ name }) =>
        `${name}.getAuthenticateOptions(): of its answer, \`property\` (any name but auth) and \`authInfo\` are honoured. ` +
        'Strategies are schemes here, @UseGuards(AuthGuardFor(...)); scopes are @RequireScopes(); redirects are @RedirectToLogin().',
    );
}
