// A map that mostly need not be looked into. Nearly every question to a blocklist is about an id that is not on it, and in a map
// of a million texts even that answer costs several misses of the processor's caches; a few megabytes of bits cost one at most.

/** So many bits for each id, of which it takes two in one word: about one id in fifty that is not there is looked up in vain. */
const BITS = 16;
const WORD = 32;
const FEWEST_IDS = 1_024;
const FNV_PRIME = 0x01000193;
const MIXER = 0x85ebca6b;
/** How much of either end of an id counts: ids differ at their ends, and if they do not, time is all it costs. */
const END = 8;

/** A `Map` by id behind a filter, which is made again when it has become too coarse. */
export class BloomMap<Value> {
  readonly #values = new Map<string, Value>();
  #filter = new Uint32Array((FEWEST_IDS * BITS) / WORD);
  /** How many ids the filter has taken since it was made; those that were deleted since then are still in it. */
  #taken = 0;

  get size(): number {
    return this.#values.size;
  }

  get(id: string): Value | undefined {
    return this.#mayHave(hashOf(id)) ? this.#values.get(id) : undefined;
  }

  set(id: string, value: Value): void {
    const isNew = this.get(id) === undefined;
    this.#values.set(id, value);
    if (isNew) this.#take(id);
  }

  delete(id: string): boolean {
    return this.#values.delete(id);
  }

  values(): IterableIterator<Value> {
    return this.#values.values();
  }

  [Symbol.iterator](): IterableIterator<[string, Value]> {
    return this.#values.entries();
  }

  #take(id: string): void {
    if (this.#taken * BITS >= this.#filter.length * WORD) return this.#remake();
    this.#taken += 1;
    const hash = hashOf(id);
    const word = this.#wordOf(hash);
    this.#filter[word] = (this.#filter[word] ?? 0) | bitsOf(hash);
  }

  /** With room for at least twice as many as there are, so that an id costs a constant amount of remaking. */
  #remake(): void {
    let ids = FEWEST_IDS;
    while (ids < this.#values.size * 2) ids *= 2;
    this.#filter = new Uint32Array((ids * BITS) / WORD);
    this.#taken = 0;
    for (const id of this.#values.keys()) this.#take(id);
  }

  #mayHave(hash: number): boolean {
    const bits = bitsOf(hash);
    return ((this.#filter[this.#wordOf(hash)] ?? 0) & bits) === bits;
  }

  /** The filter's length is a power of two. */
  #wordOf(hash: number): number {
    return hash & (this.#filter.length - 1);
  }
}

/** The two bits that an id takes, chosen by what the word is not chosen by. */
function bitsOf(hash: number): number {
  return (1 << (hash >>> 22)) | (1 << (hash >>> 27));
}

/** In the manner of FNV-1a over both ends of an id, mixed once more so that every bit of it depends on all of them. */
function hashOf(id: string): number {
  const { length } = id;
  let hash = length;
  for (let at = 0; at < END && at < length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), FNV_PRIME);
  for (let at = Math.max(END, length - END); at < length; at += 1)
    hash = Math.imul(hash ^ id.charCodeAt(at), FNV_PRIME);
  hash = Math.imul(hash ^ (hash >>> 15), MIXER);
  return hash ^ (hash >>> 13);
}
