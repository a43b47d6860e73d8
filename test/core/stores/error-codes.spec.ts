import { describe, expect, it } from '@jest/globals';
import { hasCode } from '../../../libs/auth/src/core/stores/error-codes.js';

const UNIQUE = new Set<unknown>(['23505', '1062']);
const wrapped = (more: object) => Object.assign(new Error('wrapped'), more);

describe('the code of a database in an error', () => {
  it.each([
    ['a driver', wrapped({ code: '23505' })],
    ['TypeORM', wrapped({ driverError: { code: '23505' } })],
    ['Drizzle', wrapped({ cause: wrapped({ code: '23505' }) })],
    ['Prisma', wrapped({ code: 'P2010', meta: { driverAdapterError: wrapped({ cause: { originalCode: '1062' } }) } })],
  ])('is found in the form that %s reports', (_, error) => {
    expect(hasCode(error, UNIQUE)).toBe(true);
  });

  it.each([
    ['another code', wrapped({ code: 'ECONNREFUSED', cause: wrapped({ code: '08006' }) })],
    ['no error', undefined],
    ['a text', '23505'],
  ])('is not found in %s', (_, error) => {
    expect(hasCode(error, UNIQUE)).toBe(false);
  });

  it('is looked for to an end in an error that wraps itself', () => {
    const error = wrapped({});
    Object.assign(error, { cause: error });
    expect(hasCode(error, UNIQUE)).toBe(false);
  });
});
