// A group of options compiles only if its declarations have the names and the types of its interface.
import type { Duration } from '../../../libs/auth/src/core/base/duration.js';
import { group } from '../../../libs/auth/src/core/base/option-group.js';
import { duration, flag, oneOf } from '../../../libs/auth/src/core/base/option-kinds.js';
import type { AnyOption } from '../../../libs/auth/src/core/base/option.js';

type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(): T | undefined => undefined;

interface Sample {
  readonly life?: Duration;
  readonly strict?: boolean;
}

const life = duration({ min: 0, max: 1, accepts: '0 to 1', default: '1ms', summary: 'a life' });
const idle = duration({ min: 0, max: 1, accepts: '0 to 1', otherwise: 'none', summary: 'a life' });
const strict = flag({ default: false, summary: 'a flag' });

const sample = group<Sample>()({ summary: 'a sample', options: { life, strict } });
type Became<Option> = Option extends AnyOption<infer Value> ? Value : never;
holds<Equals<Became<typeof sample>['life'], number>>();
holds<Equals<Became<typeof sample>['strict'], boolean>>();
holds<Equals<Became<typeof idle>, number | undefined>>();

const named = group<Sample>()({
  summary: 'a sample',
  otherwise: 'off',
  options: { life, strict },
  settings: ({ life: lifeMs }) => ({ lifeMs }),
});
holds<Equals<Became<typeof named>, { lifeMs: number } | undefined>>();

// @ts-expect-error an option of the interface is not declared
group<Sample>()({ summary: 'a sample', options: { life } });
// @ts-expect-error a declared option is not in the interface
group<Sample>()({ summary: 'a sample', options: { life, strict, other: strict } });
// @ts-expect-error the declaration has another type
group<Sample>()({ summary: 'a sample', options: { life: strict, strict } });

interface Modes {
  readonly mode?: 'one' | 'two';
}
group<Modes>()({ summary: 'modes', options: { mode: oneOf(['one', 'two'], { default: 'one', summary: 'a mode' }) } });
// @ts-expect-error a word of the interface is refused
group<Modes>()({ summary: 'modes', options: { mode: oneOf(['one'], { default: 'one', summary: 'a mode' }) } });
group<Modes>()({
  summary: 'modes',
  // @ts-expect-error a word is accepted that the interface does not have
  options: { mode: oneOf(['one', 'two', 'three'], { default: 'one', summary: 'a mode' }) },
});
// @ts-expect-error the default is not one of the words
void oneOf(['one', 'two'], { default: 'four', summary: 'a mode' });
