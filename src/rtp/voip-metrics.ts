import { VmExtendedReport } from 'rtp.js/packets';

/** What stands for "not available" in the signed and unsigned bytes of the block. */
const UNAVAILABLE = 127;
/** Two bits: standard concealment (RFC 3611, section 4.7.6). */
const PLC = { unspecified: 0, disabled: 1, enhanced: 2, standard: 3 } as const;
/** Two bits: the kind of jitter buffer (RFC 3611, section 4.7.7). */
const FIXED_BUFFER = 2;

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
  gmin: number;
  rFactor: number | null;
  mosLq: number | null;
  mosCq: number | null;
  jitterBufferMs: number;
}

/** The block about the source `ssrc`. Ratios become int(256 · x), at most 255, as the RFC defines. */
export function writeVoipMetrics(ssrc: number, metrics: VoipMetrics): VmExtendedReport {
  const block = new VmExtendedReport();
  block.setSsrc(ssrc);
  block.setLossRate(ratioByte(metrics.lossRatio));
  block.setDiscardRate(ratioByte(metrics.discardRatio));
  block.setBurstDensity(ratioByte(metrics.burstDensity));
  block.setGapDensity(ratioByte(metrics.gapDensity));
  block.setBurstDuration(milliseconds(metrics.burstDurationMs));
  block.setGapDuration(milliseconds(metrics.gapDurationMs));
  block.setRoundTripDelay(milliseconds(metrics.roundTripMs));
  block.setEndSystemDelay(milliseconds(metrics.endSystemDelayMs));
  block.setSignalLevel(levelByte(metrics.signalLevelDbm0));
  block.setNoiseLevel(levelByte(metrics.noiseLevelDbm0));
  block.setResidualEchoReturnLoss(UNAVAILABLE);
  block.setGmin(metrics.gmin);
  block.setRFactor(metrics.rFactor === null ? UNAVAILABLE : clamp(Math.round(metrics.rFactor), 0, 100));
  block.setExternalRFactor(UNAVAILABLE);
  block.setMosLQ(mosByte(metrics.mosLq));
  block.setMosCQ(mosByte(metrics.mosCq));
  block.setPacketLossConcealment(PLC.standard);
  block.setJitterBufferAdaptive(FIXED_BUFFER);
  const bufferMs = milliseconds(metrics.jitterBufferMs);
  block.setJitterBufferNominalDelay(bufferMs);
  block.setJitterBufferMaximumDelay(bufferMs);
  block.setJitterBufferAbsoluteMaximumDelay(bufferMs);
  return block;
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
    gmin: block.getGmin(),
    rFactor: available(block.getRFactor(), 1),
    mosLq: available(block.getMosLQ(), 10),
    mosCq: available(block.getMosCQ(), 10),
    jitterBufferMs: block.getJitterBufferNominalDelay(),
  };
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
