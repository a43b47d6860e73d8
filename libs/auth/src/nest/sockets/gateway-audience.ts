// The receivers of a gateway's broadcasts: every socket of its namespace. One public handler accepts every client, and guards check what is
// asked, not what is sent.
import type { Route } from '../routes/routes.js';
import type { Gateway } from './message-handlers.js';

/** A sentence for every namespace that anonymous clients may enter because of one handler, while others are guarded. */
export function audienceNotices(
  gateways: readonly Gateway[],
  answersNobody: (route: Route) => boolean,
): readonly string[] {
  const rooms = new Map<string, Route[]>();
  for (const { port, namespace, path = '', handlers } of gateways) {
    const room = `${port} ${namespace} ${path}`;
    rooms.set(room, [...(rooms.get(room) ?? []), ...handlers]);
  }
  return [...rooms.values()].flatMap((handlers) => {
    const open = handlers.filter(answersNobody);
    const guarded = handlers.filter((handler) => !open.includes(handler));
    return open.length === 0 || guarded.length === 0 ? [] : [noticeFor(open, guarded)];
  });
}

function noticeFor(open: readonly Route[], guarded: readonly Route[]): string {
  return (
    `Anonymous clients may open a socket because of ${namesOf(open)}, and then receive what the gateways of the same namespace broadcast, ` +
    `those of ${namesOf(guarded)} included: put what is public into a namespace of its own, or send to rooms that guarded handlers fill.`
  );
}

function namesOf(routes: readonly Route[]): string {
  return routes.map(({ name }) => name).join(', ');
}
