import { randomBytes } from 'node:crypto';

/**
 * Unique identifiers at little cost: random once, then counted. The random part (64 bits) keeps processes apart, the
 * count makes each one unique within its own.
 */
export class IdSource {
  private readonly seed = randomBytes(12).toString('hex');
  private readonly uuidHead: string;
  private count = 0;

  constructor() {
    const s = this.seed;
    this.uuidHead = `${s.slice(0, 8)}-${s.slice(8, 12)}-4${s.slice(12, 15)}-a${s.slice(15, 18)}-`;
  }

  /** A Via branch with RFC 3261's magic cookie. */
  branch(): string {
    return `z9hG4bK${this.seed.slice(0, 12)}${(this.count++).toString(36)}`;
  }

  tag(): string {
    return `${this.seed.slice(4, 14)}${(this.count++).toString(36)}`;
  }

  callId(): string {
    return `${this.seed.slice(0, 20)}-${(this.count++).toString(36)}`;
  }

  /** Of the form of a version 4 UUID. */
  uuid(): string {
    return this.uuidHead + (this.count++).toString(16).padStart(12, '0');
  }
}
