// What is said of a plan, by the command and by the schematic.
import type { Plan } from './plan.js';

/** The lines about what was done by hand and what comes next. */
export function afterwards({ byHand, next }: Plan): readonly string[] {
  return [
    ...byHand.flatMap((text) => ['', `By hand: ${text}`]),
    '',
    'To try next:',
    ...next.map((line) => `  ${line}`),
  ];
}

/** How git undoes a plan. */
export function undoing({ changes, lock }: Plan, isInstalled: boolean): readonly string[] {
  const paths = (kind: string): string =>
    changes
      .filter((change) => change.kind === kind)
      .map(({ path }) => path)
      .join(' ');
  const [changed, created] = [paths('change'), paths('create')];
  return [
    'To undo it:',
    ...(changed === '' ? [] : [`  git checkout -- ${changed}`]),
    ...(isInstalled && lock !== undefined ? [`  git checkout -- ${lock}`] : []),
    ...(created === '' ? [] : [`  git clean -f -- ${created}`]),
    ...(changed === '' ? [] : ['The first line drops what you had not committed in these files before, too.']),
  ];
}
