const FIRST_BYTES = 65_536;

/**
 * Keeps RTP packets as they came, each behind its length in two bytes (high byte first), up to a bound. Nothing is decoded
 * here: that is for a thread that has time.
 */
export class PacketRecorder {
  private bytes = new Uint8Array(FIRST_BYTES);
  private used = 0;

  constructor(private readonly maxBytes: number) {}

  take(bytes: Uint8Array, offset: number, length: number): void {
    const end = this.used + 2 + length;
    if (end > this.maxBytes || length > 0xffff) return;
    if (end > this.bytes.length) this.grow(end);
    const { bytes: kept, used } = this;
    kept[used] = length >>> 8;
    kept[used + 1] = length;
    for (let i = 0; i < length; i++) kept[used + 2 + i] = bytes[offset + i];
    this.used = end;
  }

  /** All packets so far. */
  packets(): Uint8Array {
    return this.bytes.slice(0, this.used);
  }

  private grow(least: number): void {
    const larger = new Uint8Array(Math.min(this.maxBytes, Math.max(least, 2 * this.bytes.length)));
    larger.set(this.bytes.subarray(0, this.used));
    this.bytes = larger;
  }
}
