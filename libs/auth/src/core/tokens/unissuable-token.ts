// The mistake of signing a token that its own issuer would refuse.

/** Names the claim and the rule, never a value, so that a log may repeat it. */
export class UnissuableToken extends TypeError {}
