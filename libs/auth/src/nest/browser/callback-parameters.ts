// The parameters that a provider adds to a callback: in the address, or in a form that the browser posts (`response_mode=form_post`).
import { memberIn } from '../../core/base/members.js';

/** The parameters of a request of Express or Fastify. */
export function callbackParameters(request: unknown): URLSearchParams {
  const body = memberIn(request, 'body');
  if (typeof memberIn(body, 'state') === 'string') return ofForm(body);
  // Express keeps what routers cut off in originalUrl; Fastify has both.
  const target = String(memberIn(request, 'originalUrl') ?? memberIn(request, 'url') ?? '');
  const mark = target.indexOf('?');
  return new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
}

function ofForm(body: unknown): URLSearchParams {
  const members = Object.entries(body as object);
  return new URLSearchParams(members.filter((each): each is [string, string] => typeof each[1] === 'string'));
}
