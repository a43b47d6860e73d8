// Which section of docs/errors/boot.md is about a problem of the configuration: found by its words, because problems are sentences, which
// are collected from everywhere and thrown together.
import { DOCUMENTATION } from './documentation.js';

/** The families, in the order in which they are tried: the first whose pattern is found. */
const FAMILIES = [
  ['production', /NODE_ENV=production/],
  ['names', / is not an option|did you mean|which is not a (?:method|controller)|names no security scheme/],
  ['injection', /cannot inject|cannot be loaded|not a provider|no module provides|no such provider/],
  ['module', /AuthModule is|import AuthModule|configuration|beside the factory|concerns every route/],
  ['browser', /^(?:cookies|csrf|session|loginUrl)\b|CSRF|external sign-ins/],
  [
    'stores',
    /^(?:stores|revocation|listen|push|shards|prefix|database)\b|\b(?:table|column|index on|primary key|entity|DataSource|Redis|redisStores|sql_mode|NOTIFY|oneTime|node:sqlite)\b/i,
  ],
  ['controllers', /controller/i],
  ['guards', /^(?:schemes|defaultGuard|basic)\b|guard|@\w+\(|\bscheme\b|\bpolicy\b|passport|AuthReason/i],
  ['issuers', /^(?:trust|issuer|audience|openVerifier|[a-z]\w+:)|\bissuers?\b|key set|jwks/i],
  ['keys', /\bkeys?\b|secret|\balg\b|\balgorithms?\b/i],
  ['users', /^(?:users|externalUsers|provision|signIn)\b|may decide what a user|follow a claim/],
] as const;

/** A section of docs/errors/boot.md. */
export type BootFamily = (typeof FAMILIES)[number][0] | 'values';

/** The family of a problem: `values` if none of the others has its words. */
export function familyOf(problem: string): BootFamily {
  return FAMILIES.find(([, pattern]) => pattern.test(problem))?.[0] ?? 'values';
}

/** The addresses of the sections about some problems, each once. */
export function pagesOfProblems(problems: readonly string[]): readonly string[] {
  return [...new Set(problems.map((problem) => `${DOCUMENTATION}errors/boot.md#${familyOf(problem)}`))];
}
