// A service that is not ours: Express with express-oauth2-jwt-bearer, and with passport-jwt over jwks-rsa. Both are CommonJS and need jose,
// which Jest cannot load for them. It writes its address as one line of JSON, and ends when its input does.
import express from 'express';
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer';
import jwksRsa from 'jwks-rsa';
import jsonwebtoken from 'jsonwebtoken';
import passport from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';

const { ISSUER = '', AUDIENCE = '' } = process.env;
const jwksUri = `${ISSUER}/.well-known/jwks.json`;

passport.use(
  new Strategy(
    {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: jwksRsa.passportJwtSecret({ jwksUri }),
      issuer: ISSUER,
      audience: AUDIENCE,
      algorithms: ['RS256', 'ES256'],
    },
    (/** @type {object} */ claims, /** @type {(error: null, user: object) => void} */ done) => done(null, claims),
  ),
);

const keys = jwksRsa({ jwksUri });
const byHand = (
  /** @type {import('express').Request} */ request,
  /** @type {import('express').Response} */ response,
) => {
  const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
  const find = (
    /** @type {import('jsonwebtoken').JwtHeader} */ header,
    /** @type {import('jsonwebtoken').SigningKeyCallback} */ found,
  ) => {
    keys.getSigningKey(header.kid).then((key) => found(null, key.getPublicKey()), found);
  };
  jsonwebtoken.verify(
    token,
    find,
    { issuer: ISSUER, audience: AUDIENCE, algorithms: ['RS256', 'ES256'] },
    (error, claims) => (error === null ? response.json(claims) : response.status(401).end()),
  );
};

const app = express();
const strict = auth({ issuerBaseURL: ISSUER, audience: AUDIENCE, strict: true });
app.get('/strict', strict, (request, response) => response.json(request.auth?.payload));
app.get('/scoped', strict, requiredScopes('read'), (request, response) => response.json(request.auth?.payload));
app.get('/passport', passport.authenticate('jwt', { session: false }), (request, response) =>
  response.json(request.user),
);
app.get('/by-hand', byHand);
// Refusals of express-oauth2-jwt-bearer are errors with a status.
app.use(
  /** @type {import('express').ErrorRequestHandler} */
  (error, _request, response, _next) => void response.status(error.status ?? 500).end(),
);
const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
});
process.stdin.resume().once('end', () => process.exit(0));
