// The sign-in of this tab: how it begins, is renewed, is seen to end, and what other tabs hear of it.
import { bearerPair, forgetCredentials, rememberWay, wayHere } from './credentials.js';
import { announce } from './dom.js';
import { send } from './requests.js';
import { become, now, stillSignedIn } from './state.js';
import { WAYS } from './ways.js';

const LOOK_MS = 1_000;
/** Lists are asked for at every third look. */
const REPORTED_EACH = 3;
const tabs = new BroadcastChannel('sign-in');

/** Counts what this tab does itself: a look that overlaps it is out of date. */
let deeds = 0;
let isActing = false;
let isLooking = false;
let looks = 0;

async function acting(work) {
  isActing = true;
  try {
    return await work();
  } finally {
    isActing = false;
    deeds += 1;
  }
}

/** Tells the other tabs of this browser that something changed; those of other browsers see it at their next look. */
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a BroadcastChannel reaches its own origin alone.
export const tellTabs = () => tabs.postMessage('changed');

/** Looks who is signed in, once at the start, then every second, and when another tab says so. */
export async function begin() {
  await acting(async () => {
    takeOver(await credential());
    if (now().phase === 'in' || wayHere() !== 'cookie') return;
    if ((await WAYS.cookie.refresh()).ok) takeOver(await credential());
    else forgetCredentials();
  });
  tabs.addEventListener('message', look);
  document.addEventListener('visibilitychange', look);
  setInterval(look, LOOK_MS);
}

async function look() {
  if (isActing || isLooking || document.hidden) return;
  isLooking = true;
  await takeStock();
  isLooking = false;
  looks += 1;
  if (now().phase === 'in' && looks % REPORTED_EACH === 0) stillSignedIn();
}

/** Compares what the server says with what is shown; an answer that a deed of this tab overtook is dropped. */
async function takeStock() {
  const before = deeds;
  const found = await credential().catch(() => undefined);
  if (found === undefined || isActing || deeds !== before) return;
  const { phase } = now();
  if (phase === 'in' && !found.signedIn) await lose();
  else if (found.signedIn || phase === 'out') takeOver(found);
}

/** What the server makes of the credential here; `undefined` if it cannot tell, which is not an end. */
async function credential() {
  const { ok, content } = await send('/credential', { isQuiet: true });
  return ok ? content : undefined;
}

function takeOver(found) {
  if (found === undefined) return;
  if (!found.signedIn) return become({ phase: 'out' });
  if (bearerPair() === undefined) rememberWay(found.scheme);
  become({ ...found, phase: 'in' });
}

/** The server does not accept the credential any more: expired, which a refresh mends, or ended elsewhere. */
async function lose() {
  const { expiresAt } = now();
  const isExpired = expiresAt !== undefined && Date.parse(expiresAt) <= Date.now() + 2_000;
  if (isExpired && (await renew())) return;
  // Of cookies the refresh cookie may still be good: the next load of the page tries it.
  if (now().scheme !== 'cookie') forgetCredentials();
  become({ ...now(), phase: 'ended', endedAt: Date.now(), isExpired });
}

/** True if there is a newer token. */
export async function renew() {
  const refresh = WAYS[now().scheme]?.refresh;
  if (refresh === undefined) return false;
  const { ok } = await acting(async () => {
    const answer = await refresh();
    if (answer.ok) takeOver(await credential());
    return answer;
  });
  tellTabs();
  return ok;
}

/** Sends the answer of one step of a sign-in, and shows the user if it was the last one. */
export async function signInBy(way, request) {
  return acting(async () => {
    const answer = await request();
    if (!answer.ok) return answer;
    rememberWay(way);
    takeOver(await credential());
    tellTabs();
    announce(`Signed in as ${now().username}.`);
    return answer;
  });
}

export async function signOut() {
  await acting(async () => {
    await WAYS[now().scheme].signOut();
    forgetCredentials();
    become({ phase: 'out' });
  });
  tellTabs();
}

/** After something that may have ended sign-ins. */
export async function lookNow() {
  deeds += 1;
  tellTabs();
  await takeStock();
}
