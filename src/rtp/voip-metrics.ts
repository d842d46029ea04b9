import type { VmExtendedReport } from 'rtp.js/packets';

/** What stands for "not available" in the signed and unsigned bytes of the block. */
const UNAVAILABLE = 127;
/** Two bits: whether losses are concealed (RFC 3611, section 4.7.6). */
const PLC_DISABLED = 1;
const PLC_ENHANCED = 2;
const PLC_STANDARD = 3;
/** Two bits: the kind of jitter buffer (RFC 3611, section 4.7.7). */
const FIXED_BUFFER = 2;
const ADAPTIVE_BUFFER = 3;

/** The VoIP metrics block of RFC 3611, section 4.7: ratios 0–1, times in ms, `null` where a side has no value. */
export interface VoipMetrics {
  lossRatio: number;
  /** Received, but not played. */
  discardRatio: number;
  /** Share lost or discarded within bursts, and within the gaps between them. */
  burstDensity: number;
  gapDensity: number;
  burstDurationMs: number;
  gapDurationMs: number;
  roundTripMs: number;
  /** Delay within the reporting end: coding, jitter buffer, playing. */
  endSystemDelayMs: number;
  signalLevelDbm0: number | null;
  noiseLevelDbm0: number | null;
  /** Whether losses are concealed; `null` where it is not said. */
  conceals: boolean | null;
  gmin: number;
  rFactor: number | null;
  mosLq: number | null;
  mosCq: number | null;
  jitterBuffer: JitterBufferMetrics;
}

/** The jitter buffer of the reporting end (RFC 3611, section 4.7.7): its delays in ms. */
export interface JitterBufferMetrics {
  /** `null` where it is not said. */
  isAdaptive: boolean | null;
  /** For packets that arrive exactly on time. */
  nominalMs: number;
  /** For the earliest packet. */
  maximumMs: number;
  /** What an adaptive one may reach; the maximum of a fixed one. */
  absoluteMaximumMs: number;
}

/** Bytes of the block. */
export const VOIP_METRICS_BYTES = 36;
const BLOCK_TYPE = 7;

/**
 * Writes the block about the source `ssrc`. Ratios become int(256 · x), at most 255, as the RFC defines.
 *
 * ```text
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |     BT=7      |   reserved    |        length = 8 words       |
 * |                        SSRC of the source                     |
 * |   loss rate   | discard rate  | burst density |  gap density  |
 * |      burst duration (ms)      |       gap duration (ms)       |
 * |     round trip delay (ms)     |     end system delay (ms)     |
 * | signal level  |  noise level  |     RERL      |     Gmin      |
 * |   R factor    | ext. R factor |    MOS-LQ     |    MOS-CQ     |
 * |PLC|JBA|JB rate|   reserved    |     jitter buffer nominal     |
 * |     jitter buffer maximum     |  jitter buffer abs. maximum   |
 * ```
 */
export function writeVoipMetrics(view: DataView, at: number, ssrc: number, metrics: VoipMetrics): void {
  view.setUint8(at, BLOCK_TYPE);
  view.setUint8(at + 1, 0);
  view.setUint16(at + 2, VOIP_METRICS_BYTES / 4 - 1);
  view.setUint32(at + 4, ssrc);
  view.setUint8(at + 8, ratioByte(metrics.lossRatio));
  view.setUint8(at + 9, ratioByte(metrics.discardRatio));
  view.setUint8(at + 10, ratioByte(metrics.burstDensity));
  view.setUint8(at + 11, ratioByte(metrics.gapDensity));
  view.setUint16(at + 12, milliseconds(metrics.burstDurationMs));
  view.setUint16(at + 14, milliseconds(metrics.gapDurationMs));
  view.setUint16(at + 16, milliseconds(metrics.roundTripMs));
  view.setUint16(at + 18, milliseconds(metrics.endSystemDelayMs));
  view.setUint8(at + 20, levelByte(metrics.signalLevelDbm0));
  view.setUint8(at + 21, levelByte(metrics.noiseLevelDbm0));
  view.setUint8(at + 22, UNAVAILABLE);
  view.setUint8(at + 23, metrics.gmin);
  view.setUint8(at + 24, metrics.rFactor === null ? UNAVAILABLE : clamp(Math.round(metrics.rFactor), 0, 100));
  view.setUint8(at + 25, UNAVAILABLE);
  view.setUint8(at + 26, mosByte(metrics.mosLq));
  view.setUint8(at + 27, mosByte(metrics.mosCq));
  view.setUint8(at + 28, (concealment(metrics) << 6) | (bufferKind(metrics.jitterBuffer) << 4));
  view.setUint8(at + 29, 0);
  const { nominalMs, maximumMs, absoluteMaximumMs } = metrics.jitterBuffer;
  view.setUint16(at + 30, milliseconds(nominalMs));
  view.setUint16(at + 32, milliseconds(maximumMs));
  view.setUint16(at + 34, milliseconds(absoluteMaximumMs));
}

export function readVoipMetrics(block: VmExtendedReport): VoipMetrics {
  return {
    lossRatio: block.getLossRate() / 256,
    discardRatio: block.getDiscardRate() / 256,
    burstDensity: block.getBurstDensity() / 256,
    gapDensity: block.getGapDensity() / 256,
    burstDurationMs: block.getBurstDuration(),
    gapDurationMs: block.getGapDuration(),
    roundTripMs: block.getRoundTripDelay(),
    endSystemDelayMs: block.getEndSystemDelay(),
    signalLevelDbm0: level(block.getSignalLevel()),
    noiseLevelDbm0: level(block.getNoiseLevel()),
    conceals: conceals(block.getPacketLossConcealment()),
    gmin: block.getGmin(),
    rFactor: available(block.getRFactor(), 1),
    mosLq: available(block.getMosLQ(), 10),
    mosCq: available(block.getMosCQ(), 10),
    jitterBuffer: {
      isAdaptive: isAdaptive(block.getJitterBufferAdaptive()),
      nominalMs: block.getJitterBufferNominalDelay(),
      maximumMs: block.getJitterBufferMaximumDelay(),
      absoluteMaximumMs: block.getJitterBufferAbsoluteMaximumDelay(),
    },
  };
}

/** 0 for what is not known. */
function concealment({ conceals }: VoipMetrics): number {
  if (conceals === null) return 0;
  return conceals ? PLC_STANDARD : PLC_DISABLED;
}

function conceals(concealment: number): boolean | null {
  if (concealment === PLC_STANDARD || concealment === PLC_ENHANCED) return true;
  return concealment === PLC_DISABLED ? false : null;
}

/** 0 for what is not known; 1 is reserved. */
function bufferKind({ isAdaptive }: JitterBufferMetrics): number {
  if (isAdaptive === null) return 0;
  return isAdaptive ? ADAPTIVE_BUFFER : FIXED_BUFFER;
}

function isAdaptive(kind: number): boolean | null {
  if (kind === ADAPTIVE_BUFFER) return true;
  return kind === FIXED_BUFFER ? false : null;
}

function ratioByte(ratio: number): number {
  return clamp(Math.floor(256 * ratio), 0, 255);
}

function milliseconds(ms: number): number {
  return clamp(Math.round(ms), 0, 0xffff);
}

function levelByte(dbm0: number | null): number {
  return dbm0 === null ? UNAVAILABLE : clamp(Math.round(dbm0), -127, 3) & 0xff;
}

function mosByte(mos: number | null): number {
  return mos === null ? UNAVAILABLE : clamp(Math.round(10 * mos), 10, 50);
}

function level(byte: number): number | null {
  return byte === UNAVAILABLE ? null : (byte << 24) >> 24;
}

function available(byte: number, scale: number): number | null {
  return byte === UNAVAILABLE ? null : byte / scale;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
