import { Controller, Get, Injectable, Query } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthModule, OptionalAuth, Scoped, TokenService, type Principal } from 'nestjs-latchkey';
import { ScopePolicy, type ScopeCondition } from 'nestjs-latchkey/policies';
import { ADAPTERS, startApplication, type RunningApplication } from '../../support/applications.js';
import { bearer, People, personCalled } from '../../support/sample-users.js';

interface Note {
  readonly id: number;
  readonly owner: string;
  readonly topic: string;
}
type Notes = readonly Note[];

const NOTES: Notes = [
  { id: 1, owner: 'ada', topic: 'engine' },
  { id: 2, owner: 'ada', topic: 'poetry' },
  { id: 3, owner: 'grace', topic: 'engine' },
];

@Injectable()
class VisibleNotes extends ScopePolicy<Notes> {
  override scope(notes: Notes, caller: Principal | undefined): Notes {
    if (caller?.roles.includes('staff') === true) return notes;
    return caller?.own === true ? notes.filter(({ owner }) => owner === caller.subject.id) : [];
  }
}

@Injectable()
class ForgetfulPolicy extends ScopePolicy<Notes> {
  override scope(): Notes {
    return undefined as unknown as Notes;
  }
}

@Controller('notes')
class NotesController {
  @OptionalAuth() @Get() list(@Scoped(VisibleNotes) scoped: ScopeCondition<Notes>, @Query('topic') topic?: string) {
    return scoped(NOTES)
      .filter((note) => topic === undefined || note.topic === topic)
      .map(({ id }) => id);
  }
  @OptionalAuth() @Get('forgetful') forgetful(@Scoped(ForgetfulPolicy) scoped: ScopeCondition<Notes>) {
    return scoped(NOTES);
  }
}

describe.each(ADAPTERS)('a scope policy on %s', (adapter) => {
  let running: RunningApplication;
  beforeAll(async () => {
    running = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ users: People })],
      controllers: [NotesController],
      providers: [People, VisibleNotes, ForgetfulPolicy],
    });
  });
  afterAll(() => running.close());

  const seenBy = async (id: string | undefined, query = ''): Promise<unknown> => {
    const init =
      id === undefined ? {} : bearer((await running.app.get(TokenService).issue(personCalled(id))).accessToken);
    const answer = await running.fetch(`/notes${query}`, init);
    expect(answer.status).toBe(200);
    return answer.json();
  };

  it('leaves out rows that the caller may not see, without a 403', async () => {
    expect(await seenBy('ada')).toEqual([1, 2]);
    expect(await seenBy('grace')).toEqual([1, 2, 3]);
  });

  it('shows an anonymous caller nothing', async () => {
    expect(await seenBy(undefined)).toEqual([]);
  });

  it('can only be narrowed by the query of the caller', async () => {
    expect(await seenBy('ada', '?topic=engine')).toEqual([1]);
    expect(await seenBy('ada', '?topic=none')).toEqual([]);
  });

  it('shows no row if it returns nothing', async () => {
    expect((await running.fetch('/notes/forgetful')).status).toBe(500);
  });
});

describe('wrong wiring of a scope policy is a boot error', () => {
  it('if the class is not a provider', async () => {
    const starting = startApplication('express', { imports: [AuthModule.forRoot()], controllers: [NotesController] });
    await expect(starting).rejects.toThrow('@Scoped(VisibleNotes) finds no such provider');
  });

  it.each<[string, unknown]>([
    ['has no scope()', class WithoutScope {}],
    [
      'has a scope that cannot be called',
      class {
        static scope = 1;
      },
    ],
    ['is nothing', undefined],
  ])('if the class %s', (_, policy) => {
    expect(() => Scoped(policy as never)).toThrow('needs a class that extends ScopePolicy');
  });

  it('if the provider is another object under the name', async () => {
    const starting = startApplication('express', {
      imports: [AuthModule.forRoot()],
      controllers: [NotesController],
      providers: [
        { provide: VisibleNotes, useValue: { scope: 'all' } },
        { provide: ForgetfulPolicy, useValue: new ForgetfulPolicy() },
      ],
    });
    await expect(starting).rejects.toThrow('@Scoped(VisibleNotes) finds no such provider');
  });
});
