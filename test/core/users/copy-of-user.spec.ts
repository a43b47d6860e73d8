import { describe, expect, it } from '@jest/globals';
import { copyOfUser } from '../../../libs/auth/src/core/users/copy-of-user.js';

class Person {
  tags = ['a'];
  get title(): string {
    return this.tags.join();
  }
}

describe('a copy of a user', () => {
  it.each<[string, object, (user: never) => unknown]>([
    ['an object', { a: { b: 1 } }, ({ a }: { a: { b: number } }) => (a.b = 2)],
    ['a list', { a: [{ b: 1 }] }, ({ a }: { a: { b: number }[] }) => (a.length = 0)],
    ['a date', { at: new Date(0) }, ({ at }: { at: Date }) => at.setTime(1)],
    [
      'a map',
      { a: new Map([['k', { b: 1 }]]) },
      ({ a }: { a: Map<string, { b: number }> }) => Object.assign(a.get('k') ?? {}, { b: 2 }),
    ],
    ['a set', { a: new Set([1]) }, ({ a }: { a: Set<number> }) => a.add(2)],
    ['a buffer', { a: Buffer.from('abc') }, ({ a }: { a: Buffer }) => a.write('x')],
    ['bytes', { a: new Uint8Array([1, 2]) }, ({ a }: { a: Uint8Array }) => (a[0] = 9)],
    ['numbers', { a: new Float64Array([1, 2]) }, ({ a }: { a: Float64Array }) => (a[0] = 9)],
    ['an instance', new Person(), ({ tags }: Person) => tags.push('b')],
    ['a symbol', { [Symbol.for('x')]: [1] }, (user: { [name: symbol]: number[] }) => user[Symbol.for('x')]?.push(2)],
  ])('equals it and shares nothing with it: %s', (_, user, change) => {
    const copy = copyOfUser(user);
    expect(copy).toStrictEqual(user);
    change(copy as never);
    expect(copy).not.toStrictEqual(user);
  });

  it('has the prototype, getters and cycles of the original', () => {
    const user = Object.assign(new Person(), { self: undefined as unknown });
    user.self = user;
    const copy = copyOfUser(user);
    expect(copy).toBeInstanceOf(Person);
    copy.tags.push('b');
    expect([copy.title, user.title]).toEqual(['a,b', 'a']);
    expect(copy.self).toBe(copy);
  });

  it('does not write through the accessors of an ORM, whose state is a member that is not enumerable', () => {
    const data = { name: 'ada' };
    const user = Object.defineProperties({} as { name: string; readonly state: typeof data }, {
      state: { value: data, enumerable: false },
      name: {
        enumerable: true,
        get: function read(this: { state: typeof data }) {
          return this.state.name;
        },
        set: function write(this: { state: typeof data }, name: string) {
          this.state.name = name;
        },
      },
    });
    const copy = copyOfUser(user);
    copy.name = 'eve';
    expect([copy.name, user.name]).toEqual(['eve', 'ada']);
  });

  it('keeps what has state that cannot be copied', () => {
    const user = { at: new URL('https://a.test'), later: Promise.resolve(1), call: () => 1 };
    expect(copyOfUser(user)).toStrictEqual(user);
    expect(copyOfUser(user).later).toBe(user.later);
  });
});
