// What the claims of a token mean.

const MEANINGS = {
  iss: 'who issued it',
  sub: 'the user, by id',
  aud: 'the services it is for',
  exp: 'when it expires',
  iat: 'when it was issued',
  auth_time: 'when you signed in',
  jti: 'its own id',
  sid: 'the sign-in it belongs to',
  scope: 'what it may do',
  roles: 'what the user is',
  amr: 'how you proved who you are',
  acr: 'how strong that proof is',
  client_id: 'the client that uses it',
  stamp: 'changes with the password',
  version: 'form of the token',
};

const METHODS = { pwd: 'password', otp: 'code', mfa: 'two steps' };
const TIMES = new Set(['exp', 'iat', 'auth_time', 'nbf']);

/** A claim as text, and what it means. */
export function meaningOf(name, value) {
  return { text: textOf(name, value), meaning: MEANINGS[name] ?? '' };
}

function textOf(name, value) {
  if (TIMES.has(name)) return new Date(value * 1000).toLocaleString();
  const values = [value].flat();
  const said = name === 'amr' ? values.map((each) => METHODS[each] ?? each) : values;
  return said.map((each) => (typeof each === 'object' ? JSON.stringify(each) : String(each))).join(', ');
}
