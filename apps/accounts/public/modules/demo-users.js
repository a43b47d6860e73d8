// The users that the sample creates at its first start, never in production, and the authenticator app of one of them.

export const PASSWORDS = {
  ada: 'correct horse battery staple',
  mary: 'connexion of the sciences',
  grace: 'amazing grace 1906',
  lin: 'inactive but known',
};

const SECRETS = { mary: 'JBSWY3DPEHPK3PXP' };
const PERIOD_MS = 30_000;

export const hasDemoApp = (username) => SECRETS[username] !== undefined;

/** The code that the app of this user shows now (RFC 6238). */
export async function demoCode(username) {
  const step = new DataView(new ArrayBuffer(8));
  step.setUint32(4, Math.floor(Date.now() / PERIOD_MS));
  const algorithm = { name: 'HMAC', hash: 'SHA-1' };
  const key = await crypto.subtle.importKey('raw', fromBase32(SECRETS[username]), algorithm, false, ['sign']);
  const digest = new DataView(await crypto.subtle.sign('HMAC', key, step.buffer));
  const number = digest.getUint32(digest.getUint8(19) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

function fromBase32(text) {
  const bits = [...text].map((letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  );
  return Uint8Array.from(bits.join('').match(/.{8}/g), (byte) => Number.parseInt(byte, 2));
}
