/**
 * Random numbers that repeat. One seed per run; every stream of decisions derives its own generator from it by name,
 * so that what one call draws never shifts what another draws.
 */
export class Rng {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  constructor(seed: number) {
    // splitmix32 spreads a small seed over the 128-bit state of xoshiro128**.
    let s = seed >>> 0;
    const next = (): number => {
      s = (s + 0x9e3779b9) >>> 0;
      let z = s;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      return z ^ (z >>> 16);
    };
    // Signed from the start: V8 then keeps the state as small integers, not as boxed numbers.
    this.a = next();
    this.b = next();
    this.c = next();
    this.d = next();
  }

  /** An unsigned 32-bit integer (xoshiro128**). */
  uint32(): number {
    const r = Math.imul(this.b, 5);
    const result = Math.imul((r << 7) | (r >>> 25), 9) >>> 0;
    const t = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= t;
    this.d = (this.d << 11) | (this.d >>> 21);
    return result;
  }

  /** Makes draws that nobody needs. */
  skip(draws: number): void {
    for (let i = 0; i < draws; i++) {
      const t = this.b << 9;
      this.c ^= this.a;
      this.d ^= this.b;
      this.b ^= this.c;
      this.a ^= this.d;
      this.c ^= t;
      this.d = (this.d << 11) | (this.d >>> 21);
    }
  }

  /** Uniform in [0, 1), one draw. */
  uniform(): number {
    return this.uint32() / 4294967296;
  }

  /** Standard normal by Box-Muller, always two draws, the second value is discarded to keep draws per packet fixed. */
  normal(): number {
    const u = (this.uint32() + 1) / 4294967297;
    const v = this.uniform();
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
  }
}

/** A 32-bit seed for one named stream of decisions (FNV-1a over the parts, finished by an avalanche). */
export function deriveSeed(seed: number, ...parts: (string | number)[]): number {
  let h = (0x811c9dc5 ^ seed) >>> 0;
  for (const part of parts) {
    const text = String(part);
    for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
    h = Math.imul(h ^ 0x2f, 0x01000193);
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
