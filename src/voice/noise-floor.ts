/** Levels that are kept: 3 s of frames of 10 ms. */
const KEPT = 300;
/** The floor is what a tenth of them stays below. */
const SHARE = 0.1;
const LOWEST_DBOV = -90;
/** What is quieter is no noise but nothing: digital silence, or, for up to so many frames, packets that did not come. */
const NOTHING_DBOV = -72;
const LOST_FRAMES = 8;
/** The floor of a line without noise. */
const QUIET_DBOV = -65;
/** So many quiet frames are there at the start, so that speech may begin with the first one. */
const ASSUMED = 3;

/**
 * How loud the noise of a line is: a low quantile of the latest levels, by a histogram of whole decibels. Speech has gaps
 * enough to leave it where it is; noise that begins moves it within 3 s, or at once by `restart`.
 */
export class NoiseFloor {
  private readonly histogram = new Uint16Array(-LOWEST_DBOV + 1);
  private readonly ring = new Uint8Array(KEPT);
  private used = 0;
  private next = 0;
  private nothing = 0;
  private floorDbov = QUIET_DBOV;

  /** @param knownDbov how loud it was for the last seconds; a quiet line, until more is known, where that is left out */
  constructor(knownDbov?: number) {
    const before = knownDbov === undefined ? ASSUMED : KEPT;
    for (let i = 0; i < before; i++) this.add(Math.max(QUIET_DBOV, knownDbov ?? QUIET_DBOV));
  }

  /** In dBov. */
  get dbov(): number {
    return this.floorDbov;
  }

  /** Takes the level of a frame. */
  add(dbov: number): void {
    this.nothing = dbov < NOTHING_DBOV ? this.nothing + 1 : 0;
    if (this.nothing > 0 && this.nothing <= LOST_FRAMES) return;
    const bin = Math.min(-LOWEST_DBOV, Math.max(0, Math.round(-dbov)));
    if (this.used === KEPT) this.histogram[this.ring[this.next]]--;
    else this.used++;
    this.ring[this.next] = bin;
    this.histogram[bin]++;
    this.next = (this.next + 1) % KEPT;
    const rank = Math.max(1, Math.ceil(this.used * SHARE));
    let below = 0;
    let at = this.histogram.length;
    while (at > 0 && below < rank) below += this.histogram[--at];
    this.floorDbov = Math.max(QUIET_DBOV, -at);
  }

  /** Forgets what was before. */
  restart(): void {
    this.histogram.fill(0);
    this.used = 0;
    this.next = 0;
    this.floorDbov = QUIET_DBOV;
  }
}
