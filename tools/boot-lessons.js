// Cause, cure and an example of each family of boot problems, for docs/errors/boot.md. The families are in libs/auth/src/core/base/boot-pages.ts.

/** @typedef {{ readonly title: string, readonly cause: string, readonly cure: string, readonly example: string }} BootLesson */

/** @type {Readonly<Record<string, BootLesson>>} */
export const bootLessons = {
  production: {
    title: 'What production demands',
    cause:
      'Development fills in keys, issuer and stores, so that a first start needs no options. With `NODE_ENV=production` nothing is filled in.',
    cure: 'Set what the message names. `npx latchkey doctor dist/main.js` lists all of it before you deploy ([set-up](../setup.md#before-production)).',
    example: 'keys is required with NODE_ENV=production: a private key as PEM or JWK, or a source of keys',
  },
  names: {
    title: 'A name that does not exist',
    cause:
      'An option, a route or a member is named that there is not, usually by a spelling mistake or in the wrong group.',
    cure: 'Use the name that the message proposes; [every option](../options.md) is listed.',
    example: 'access.tll is not an option; did you mean ttl?',
  },
  injection: {
    title: 'A provider that is missing',
    cause:
      'An option names a class or a token, and Nest cannot give an instance: no module provides it, or it is made for each request.',
    cure: 'Add it to the `providers` of a module, in the default scope, and export it where the message says so.',
    example:
      'users names UsersService, which is not a provider, or one that is created per request: make UsersService a provider of one of your modules, in the default scope',
  },
  module: {
    title: 'How the module is imported',
    cause: 'The module is imported as a class, twice, or not at all, or an option stands where it has no effect.',
    cure: 'Import `AuthModule.forRoot()` or `forRootAsync()` once, in the root module. What decides which providers exist stands beside `useFactory`. See [two configurations](../configurations.md).',
    example:
      'AuthModule is imported as a class, which guards nothing: write AuthModule.forRoot() or forRootAsync() in the root module',
  },
  stores: {
    title: 'Stores and databases',
    cause:
      'The stores are not ready or cannot do what the options ask: a table, an entity or a connection is missing, or a server is set so that revocations could be lost.',
    cure: 'Run the migrations ([databases](../databases.md)), and set Redis as [its page](../redis.md) says. The message names table, index or setting.',
    example: 'stores: The table latchkey_logins is missing',
  },
  controllers: {
    title: 'Ready-made controllers',
    cause:
      'A controller of nestjs-latchkey/controllers needs something that the options do not have, or has the path of another.',
    cure: 'Give the option that the message names, or leave the controller out.',
    example: 'controllers has CookieController, which needs `cookies`',
  },
  guards: {
    title: 'Guards, schemes and decorators',
    cause:
      'A route says two things at once, names a scheme that is not configured, or has a guard that could decide nothing.',
    cure: 'Correct the decorator that the message names. `npx latchkey routes dist/app.module.js` shows what each route demands.',
    example: 'it has a policy, but @Public() means that callers are not authenticated: remove one of the two',
  },
  browser: {
    title: 'Cookies, CSRF and sessions',
    cause: 'Options of the browser contradict each other, or the session middleware of the framework is missing.',
    cure: 'See [cookies, CSRF, sessions](../browser.md).',
    example: 'csrf.secret is required: no private key is in this process that one could be derived from',
  },
  issuers: {
    title: 'Issuers and trust',
    cause:
      'An entry of `trust`, or a preset, is not complete or not exact, or the key set of an issuer could not be read.',
    cure: 'See [trusted issuers](../trusted-issuers.md). A value that is empty is often an environment variable that is not set.',
    example: 'trust names the issuer "https://id.example" twice: one issuer has one set of rules and keys',
  },
  keys: {
    title: 'Keys and secrets',
    cause: 'A key or secret is too weak, not a key, or does not fit its algorithm.',
    cure: 'Make keys with `npx latchkey keys generate`, and a secret with `openssl rand -base64 48`.',
    example: 'keys is a sample from public documentation; make one with `openssl rand -base64 48`',
  },
  users: {
    title: 'User sources and provisioning',
    cause: 'What describes users or provisions them contradicts itself.',
    cure: 'See [signing in](../sign-in.md) and [trusted issuers](../trusted-issuers.md).',
    example: 'roles may decide what a user may do; to take it from tokens, say grantsPrivileges: true',
  },
  values: {
    title: 'A value that is not accepted',
    cause:
      'An option has a value of another type, out of its bounds, or in a form that could be misread. Text of the environment is not a number and not a flag.',
    cure: 'The message says what was given and what is accepted; [every option](../options.md) has its default and its bounds.',
    example: "access.ttl is '60'; accepted is 1 second to 1 day, as seconds or as a text like '15m'",
  },
};
