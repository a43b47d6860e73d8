import { AuthGuardFor, AuthError, AuthModule } from 'nestjs-latchkey';
import { defineScheme } from 'nestjs-latchkey/schemes';
import type { AuthErrorCode, AuthModuleOptions, AuthUser, Principal, TokenUser, Verified } from 'nestjs-latchkey';

type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(): T | undefined => undefined;

holds<Equals<AuthUser, TokenUser>>();
holds<Equals<Principal['user'], TokenUser | undefined>>();

declare const error: AuthError;
holds<Equals<typeof error.code, AuthErrorCode>>();
if (error.code === 'token_expired') holds<Equals<typeof error.code, 'token_expired'>>();
// @ts-expect-error there is no such code
void new AuthError('token_melted');

declare const verified: Verified;
const find = (): string | undefined => undefined;
const verify = async (text: string): Promise<Verified> => (text === '' ? verified : verified);

void defineScheme({ name: 'header', sentBy: 'client', find, verify });
void defineScheme({ name: 'cookie', sentBy: 'browser', csrf: () => {}, find, verify });
// @ts-expect-error what a browser sends by itself needs a CSRF policy
void defineScheme({ name: 'cookie', sentBy: 'browser', find, verify });
// @ts-expect-error `find` and `verify` must agree about the credential
void defineScheme({ name: 'header', sentBy: 'client', find: () => 1, verify });

// @ts-expect-error an empty list of schemes
void AuthGuardFor();

const good: AuthModuleOptions = { access: { ttl: '15m' }, refresh: { grace: 10 }, audience: false };
// @ts-expect-error a duration without a unit
const bare: AuthModuleOptions = { access: { ttl: '60' } };
// @ts-expect-error a misspelt option
const misspelt: AuthModuleOptions = { acess: {} };
// @ts-expect-error structure cannot come out of a factory
void AuthModule.forRootAsync({ useFactory: (): AuthModuleOptions => ({ isGlobal: true }) });
void [good, bare, misspelt];
