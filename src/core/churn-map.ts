const FIRST_CAPACITY = 64;
/** Drawn anew by each process: whoever chooses keys cannot know which ones collide. */
const SEED = Math.floor(Math.random() * 2 ** 32) | 0;
const FACTOR = Math.floor(Math.random() * 2 ** 32) | 1;

/**
 * A map for entries that come and go by the thousand each second. `Map` keeps its order by a table that it replaces each
 * time it is full of deleted entries, and each table points to the next one. Once V8 has moved one of them to the old
 * generation, where it is freed rarely, all that follow stay alive, with whatever they held: nearly every call was kept
 * and moved long after it had ended. Here entries are deleted in place (open addressing with linear probing, what follows
 * moved back), so nothing is left behind and nothing is allocated. It has no order.
 */
export class ChurnMap<K extends string | number, V> {
  private capacity = FIRST_CAPACITY;
  private keys = slots<K>(FIRST_CAPACITY);
  private held = slots<V>(FIRST_CAPACITY);
  private count = 0;

  get size(): number {
    return this.count;
  }

  get(key: K): V | undefined {
    return this.held[this.slot(key)];
  }

  has(key: K): boolean {
    return this.keys[this.slot(key)] !== undefined;
  }

  set(key: K, value: V): this {
    let at = this.slot(key);
    if (this.keys[at] === undefined) {
      if (++this.count * 2 > this.capacity) {
        this.grow();
        at = this.slot(key);
      }
      this.keys[at] = key;
    }
    this.held[at] = value;
    return this;
  }

  /** `false` where there was none. */
  delete(key: K): boolean {
    const { keys, held } = this;
    const mask = this.capacity - 1;
    let hole = this.slot(key);
    if (keys[hole] === undefined) return false;
    this.count--;
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const moved = keys[at];
      if (moved === undefined) break;
      // One that is at its own slot, or between it and the hole, is found without being moved.
      const home = hash(moved) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      keys[hole] = moved;
      held[hole] = held[at];
      hole = at;
    }
    keys[hole] = undefined;
    held[hole] = undefined;
    return true;
  }

  clear(): void {
    this.keys.fill(undefined);
    this.held.fill(undefined);
    this.count = 0;
  }

  /** What is in it now: a list of its own, so that entries may be set and deleted meanwhile. */
  entries(): [K, V][] {
    const found: [K, V][] = [];
    for (let i = 0; i < this.capacity; i++) {
      const key = this.keys[i];
      if (key !== undefined) found.push([key, this.held[i]!]);
    }
    return found;
  }

  /** As `entries`. */
  values(): V[] {
    return this.entries().map(([, value]) => value);
  }

  /** As `Map` does it, for drachtio-srf. */
  forEach(visit: (value: V, key: K) => void): void {
    for (const [key, value] of this.entries()) visit(value, key);
  }

  /** Where a key is, or the free slot where it would be. */
  private slot(key: K): number {
    const { keys } = this;
    const mask = this.capacity - 1;
    let at = hash(key) & mask;
    for (let there = keys[at]; there !== undefined && there !== key; there = keys[at]) at = (at + 1) & mask;
    return at;
  }

  private grow(): void {
    const { keys, held } = this;
    this.capacity *= 2;
    this.keys = slots(this.capacity);
    this.held = slots(this.capacity);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      if (key === undefined) continue;
      const at = this.slot(key);
      this.keys[at] = key;
      this.held[at] = held[i];
      keys[i] = undefined;
      held[i] = undefined;
    }
  }
}

function slots<T>(count: number): (T | undefined)[] {
  return new Array<T | undefined>(count).fill(undefined);
}

function hash(key: string | number): number {
  let h = SEED;
  if (typeof key === 'number') h = Math.imul(h ^ key, FACTOR);
  else for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), FACTOR);
  // The low bits choose the slot, and multiplying mixes upwards only.
  h ^= h >>> 16;
  return Math.imul(h, 0x45d9f3b) >>> 8;
}
