// Claims by a schema of the application, of Zod and of others that implement Standard Schema.
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { claimsSchema, schemaRule, type ClaimsSchema } from '../../../libs/auth/src/core/tokens/claims-schema.js';
import type { AuthError } from '../../../libs/auth/src/core/base/errors.js';

const tenants = z.object({ tenant: z.enum(['school', 'university']), groups: z.array(z.string()).default([]) });

function schemaOf(validate: (value: unknown) => unknown): ClaimsSchema {
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

function reasonOf(rule: () => void): AuthError['reason'] {
  try {
    rule();
    return undefined;
  } catch (error) {
    return (error as AuthError).reason;
  }
}

describe('a schema of claims', () => {
  it('names the claim that does not fit, and never a value', () => {
    const rule = schemaRule(tenants);
    expect(reasonOf(() => rule({ tenant: 'hidden value' }))).toEqual({
      claim: 'tenant',
      rule: 'must be as the schema says',
      option: 'claimsSchema',
    });
    const keyed = schemaOf(() => ({ issues: [{ message: 'hidden value', path: [{ key: 'tenant' }, 'hidden'] }] }));
    expect(JSON.stringify(reasonOf(() => schemaRule(keyed)({})))).not.toContain('hidden');
    expect(reasonOf(() => schemaRule(schemaOf(() => ({ issues: [{ message: 'x' }] })))({}))).toMatchObject({
      claim: 'claims',
    });
  });

  it('reads claims that have no prototype, and changes none', () => {
    const claims = Object.freeze(Object.assign(Object.create(null), { tenant: 'school', other: 1 }));
    expect(() => schemaRule(tenants)(claims)).not.toThrow();
    expect({ ...claims }).toEqual({ tenant: 'school', other: 1 });
  });

  it('that answers later is a mistake of the application, and no rejection is left over', async () => {
    const later = schemaRule(schemaOf(() => Promise.reject(new Error('later'))));
    expect(() => later({})).toThrow(expect.objectContaining({ code: 'misconfigured' }));
    await new Promise((resolve) => setImmediate(resolve));
  });

  it.each([false, true, 0, 'no', undefined, null, {}, { ok: false }])(
    'that answers with %j said neither yes nor no: a mistake of the application, and refused at boot',
    (answer) => {
      const schema = schemaOf(() => answer);
      expect(() => schemaRule(schema)({})).toThrow(expect.objectContaining({ code: 'misconfigured' }));
      expect(claimsSchema.read(schema, { path: 'claimsSchema', production: false }).problems).toHaveLength(1);
    },
  );
});
