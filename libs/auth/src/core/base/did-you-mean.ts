// Suggests the right name for a misspelled one, for errors at start-up.

/** The known name that takes the fewest edits, if few enough that it may have been meant. */
export function suggest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, edits: editsBetween(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((one, other) => one.edits - other.edits);
  const best = ranked[0];
  return best !== undefined && best.edits <= Math.max(2, Math.floor(name.length / 3)) ? best.candidate : undefined;
}

/** The end of a sentence about a name that is not known: what it may have been, or what there is. */
export function nameHint(name: string, known: readonly string[]): string {
  const near = suggest(name, known);
  return near === undefined ? `there are ${known.join(', ')}` : `did you mean ${near}?`;
}

/** Levenshtein distance, one row at a time. */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1];
    for (const [j, compared] of [...other].entries()) {
      const swap = (row[j] ?? 0) + (letter === compared ? 0 : 1);
      next.push(Math.min(swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
