// The authenticator app of a user: codes by RFC 6238.
import { Secret, TOTP } from 'otpauth';

const PERIOD_MS = 30_000;

export class Authenticator {
  private readonly totp: TOTP;
  private ahead = -1;

  constructor(secret: string) {
    this.totp = new TOTP({ secret: Secret.fromBase32(secret), algorithm: 'SHA1', digits: 6, period: 30 });
  }

  /** Another code than before that is good now: of the step before, of this one and of the one after. Three, and then there is none. */
  next(): string {
    if (this.ahead > 1) throw new Error('All codes that are good now are used.');
    const timestamp = Date.now() + this.ahead * PERIOD_MS;
    this.ahead += 1;
    return this.totp.generate({ timestamp });
  }
}
