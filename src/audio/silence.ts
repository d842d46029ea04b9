/** Up to this mean square audio is digital silence: the smallest value of A-law is ±8. */
const SILENT_SQUARE = 64;
const FULL_SCALE_SQUARE = 32768 ** 2;
/** What comfort noise can say of silence at the least (RFC 3389, section 3.1). */
const LEAST_DBOV = -127;

/** Where nothing is said, and how loud it is there. */
export interface Silence {
  /** 1 for a frame of silence. */
  frames: Uint8Array;
  levelDbov: number;
}

/**
 * Which frames of samples are silence: those of digital silence, or all of a sound in which nothing is said, whatever
 * noise lies there. `null` where none is.
 * @param perFrame samples in a frame; a rest is left out
 */
export function findSilence(samples: Int16Array, perFrame: number, isAllSilence: boolean): Silence | null {
  const frames = new Uint8Array(Math.max(1, Math.floor(samples.length / perFrame)));
  let sum = 0;
  let found = 0;
  for (let i = 0; i < frames.length; i++) {
    let square = 0;
    for (let at = i * perFrame; at < (i + 1) * perFrame && at < samples.length; at++) square += samples[at] ** 2;
    if (!isAllSilence && square > SILENT_SQUARE * perFrame) continue;
    frames[i] = 1;
    found++;
    sum += square;
  }
  if (found === 0) return null;
  const meanSquare = sum / (found * perFrame);
  const isDigital = meanSquare <= SILENT_SQUARE;
  const levelDbov = isDigital ? LEAST_DBOV : 10 * Math.log10(meanSquare / FULL_SCALE_SQUARE);
  return { frames, levelDbov: Math.max(LEAST_DBOV, levelDbov) };
}
