/** When each call that is up ends, in any order: a binary heap, as large as the most calls that were up at once. */
export class EndTimes {
  private readonly heap: number[] = [];

  get count(): number {
    return this.heap.length;
  }

  /** Infinite where no call is up. */
  get first(): number {
    return this.heap.length > 0 ? this.heap[0] : Number.POSITIVE_INFINITY;
  }

  add(time: number): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(time);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent] <= time) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = time;
  }

  /** Forgets the call that ends first. */
  removeFirst(): void {
    const { heap } = this;
    const last = heap.pop();
    const { length } = heap;
    if (last === undefined || length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      if (child + 1 < length && heap[child + 1] < heap[child]) child++;
      if (heap[child] >= last) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
  }

  /** Forgets calls that have ended by then. */
  forgetUntil(time: number): void {
    while (this.first <= time) this.removeFirst();
  }
}
