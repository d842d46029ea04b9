import {
  ByePacket,
  CompoundPacket,
  isRtcp,
  ReceiverReportPacket,
  type ReceptionReport,
  SenderReportPacket,
  VmExtendedReport,
  XrPacket,
} from 'rtp.js/packets';
import { Rng } from '../core/rng.js';
import { readVoipMetrics, VOIP_METRICS_BYTES, type VoipMetrics, writeVoipMetrics } from './voip-metrics.js';

/** RFC 3550, section 6.2: with two members the minimum interval decides, never the share of the bandwidth. */
export const RTCP_INTERVAL_MS = 5000;
/** e − 1.5, which makes up for what timer reconsideration does to the mean (section 6.3.1). */
const COMPENSATION = Math.E - 1.5;
/** Seconds from 1900 to 1970 (section 4). */
const NTP_EPOCH_OFFSET_S = 2_208_988_800;
const VERSION_BITS = 0x80;
/** Packet types (RFC 3550, section 12.1; RFC 3611, section 2). */
const SR = 200;
const RR = 201;
const SDES = 202;
const BYE = 203;
const XR = 207;
const SDES_CNAME = 1;
const MAX_CNAME_BYTES = 255;
const MAX_24 = 0x7fffff;
/** 1 ms in units of 1/65536 s. */
const ROUNDING_UNITS = 66;
/** So many packets of ours between two reports of the far end have to show in the second one. */
const NOTABLE_PACKETS = 10;
const WORD = 0x100000000;

/** What our sending half says in a sender report. */
export interface SenderInfo {
  packets: number;
  /** Payload octets, headers and padding left out. */
  octets: number;
  /** The RTP timestamp of the moment `nowMs`. */
  rtpTimestamp: number;
}

/** What we received from one source, for a report block (RFC 3550, section 6.4.1). */
export interface Reception {
  ssrc: number;
  /** From the first to the highest extended sequence number. */
  expected: number;
  /** Packets, duplicates included. */
  received: number;
  extendedHighest: number;
  /** J in timestamp units. */
  jitterUnits: number;
}

/** What RTCP told about one call. Counts are of compound packets. */
export interface RtcpReport {
  sent: number;
  received: number;
  malformed: number;
  /** From elsewhere than from the far end; never read. */
  wrongSource: number;
  /** SRTCP that did not authenticate, or came before; never read. */
  unauthenticated: number;
  /** Round trips by LSR and DLSR, in ms; `null` where the far end never reported on a sender report of ours. */
  roundTripMs: { samples: number; mean: number; min: number; max: number } | null;
  /** The far end's latest view of what we send; `null` where it sent none. */
  farEnd: FarEndView | null;
  /** Its latest reports in a row that say nothing of what we send, although we sent: it does not receive us. */
  unheardReports: number;
  /** The far end's latest VoIP metrics (RFC 3611, section 4.7) about what we send. */
  voipMetrics: VoipMetrics | null;
  /** Own packets that an echo far end sent back; they tell nothing. */
  looped: number;
  /** The far end said BYE. */
  bye: boolean;
}

export interface FarEndView {
  reports: number;
  /** A.3, with duplicates counted as received: may be negative. */
  cumulativeLost: number;
  extendedHighest: number;
  /** Jitter of the latest report and the highest of all, in ms. */
  jitterMs: number;
  jitterMaxMs: number;
  /** Highest loss in any one interval, 0–1. */
  fractionLostMax: number;
}

/**
 * The RTCP of one call (RFC 3550, section 6): when to report, what to say, and what the far end's reports mean. Pure over
 * (state, packet, now): it sends nothing itself.
 */
export class RtcpSession {
  /** When the next report is due, on the clock of `nowMs`. */
  dueMs: number;
  private readonly rng: Rng;
  private sent = 0;
  /** Datagrams of the far end that were RTCP. */
  received = 0;
  private malformed = 0;
  private wrongSource = 0;
  private unauthenticated = 0;
  private looped = 0;
  private unheardReports = 0;
  /** Packets that we had sent when the far end's latest report came. */
  private sentAtReport = 0;
  private bye = false;
  /** Middle 32 bits of the far end's latest sender report, and when it came. */
  private lastSr = 0;
  private lastSrAtMs = 0;
  /** The source that was reported on last, and what was said of it. */
  private reportedSsrc = -1;
  private reportedExpected = 0;
  private reportedReceived = 0;
  private roundTrips = 0;
  private roundTripSumMs = 0;
  private roundTripMinMs = Number.POSITIVE_INFINITY;
  private roundTripMaxMs = 0;
  private farEnd: FarEndView | null = null;
  private voipMetrics: VoipMetrics | null = null;

  /**
   * @param utcOffsetMs what brings `nowMs` to UTC
   * @param seed decides the intervals
   */
  constructor(
    private ssrc: number,
    private readonly cname: string,
    /** RTP clock of what we send, in Hz. */
    public clockRate: number,
    private readonly utcOffsetMs: number,
    seed: number,
    startMs: number,
  ) {
    this.rng = new Rng(seed);
    // The first report comes after half the interval (section 6.2).
    this.dueMs = startMs + this.interval(RTCP_INTERVAL_MS / 2);
  }

  /** The mean of the last round trips in ms, for a delay that must be known now; `null` when none was measured. */
  get roundTripMs(): number | null {
    return this.roundTrips === 0 ? null : this.roundTripSumMs / this.roundTrips;
  }

  /**
   * The next compound packet: a sender report where something was sent, else a receiver report; SDES with CNAME; VoIP
   * metrics where they are given; BYE at the end of the call. Sets `dueMs` anew.
   */
  compose(
    nowMs: number,
    sender: SenderInfo | null,
    reception: Reception | null,
    metrics: VoipMetrics | null,
    goodbye: boolean,
  ): DataView {
    const cname = Buffer.from(this.cname).subarray(0, MAX_CNAME_BYTES);
    const isSender = sender !== null && sender.packets > 0;
    const reportBytes = (isSender ? 28 : 8) + (reception === null ? 0 : 24);
    // An item of its own length, and at least one zero to end the chunk at a word.
    const descriptionBytes = 8 + ((2 + cname.length + 4) & ~3);
    const isExtended = metrics !== null && reception !== null;
    const extendedBytes = isExtended ? 8 + VOIP_METRICS_BYTES : 0;
    const view = new DataView(new ArrayBuffer(reportBytes + descriptionBytes + extendedBytes + (goodbye ? 8 : 0)));
    let at = this.writeHeader(view, 0, reception === null ? 0 : 1, isSender ? SR : RR, reportBytes);
    if (isSender) at = this.writeSenderInfo(view, at, sender, nowMs);
    if (reception !== null) at = this.writeBlock(view, at, reception, nowMs);
    at = this.writeHeader(view, at, 1, SDES, descriptionBytes);
    view.setUint8(at, SDES_CNAME);
    view.setUint8(at + 1, cname.length);
    for (let i = 0; i < cname.length; i++) view.setUint8(at + 2 + i, cname[i]);
    at += descriptionBytes - 8;
    if (isExtended) {
      at = this.writeHeader(view, at, 0, XR, extendedBytes);
      writeVoipMetrics(view, at, reception.ssrc, metrics);
      at += VOIP_METRICS_BYTES;
    }
    if (goodbye) this.writeHeader(view, at, 1, BYE, 8);
    this.sent++;
    this.dueMs = nowMs + this.interval(RTCP_INTERVAL_MS);
    return view;
  }

  /** We have another SSRC from now on: of what we send with it the far end has said nothing yet. */
  changeSsrc(ssrc: number): void {
    this.ssrc = ssrc;
    this.farEnd = null;
    this.voipMetrics = null;
    this.unheardReports = 0;
  }

  /** Lets a report pass that cannot be sent. */
  postpone(nowMs: number): void {
    this.dueMs = nowMs + this.interval(RTCP_INTERVAL_MS);
  }

  /** Takes a datagram of the far end. `packetsSent` is how much RTP we have sent so far. */
  receive(bytes: Uint8Array, offset: number, length: number, nowMs: number, packetsSent = 0): void {
    // A copy: the parser keeps views into what it is given, and the memory belongs to the socket.
    const copy = bytes.slice(offset, offset + length);
    const view = new DataView(copy.buffer, copy.byteOffset, copy.byteLength);
    let packets: ReturnType<CompoundPacket['getPackets']>;
    try {
      if (!isRtcp(view)) throw new Error('no RTCP');
      packets = new CompoundPacket(view).getPackets();
    } catch {
      this.malformed++;
      return;
    }
    this.received++;
    const reportsBefore = this.farEnd?.reports ?? 0;
    let isReport = false;
    for (const packet of packets) {
      if (
        (packet instanceof SenderReportPacket || packet instanceof ReceiverReportPacket) &&
        packet.getSsrc() === this.ssrc
      ) {
        // An echo far end: our own words say nothing of what it heard.
        this.looped++;
        return;
      }
      if (packet instanceof SenderReportPacket) {
        isReport = true;
        this.lastSr = ((packet.getNtpSeconds() & 0xffff) * 0x10000 + (packet.getNtpFraction() >>> 16)) % WORD;
        this.lastSrAtMs = nowMs;
        this.readBlocks(packet.getReports(), nowMs);
      } else if (packet instanceof ReceiverReportPacket) {
        isReport = true;
        this.readBlocks(packet.getReports(), nowMs);
      } else if (packet instanceof XrPacket) {
        for (const report of packet.getReports())
          if (report instanceof VmExtendedReport && report.getSsrc() === this.ssrc)
            this.voipMetrics = readVoipMetrics(report);
      } else if (packet instanceof ByePacket) {
        this.bye = true;
      }
    }
    if (!isReport) return;
    if ((this.farEnd?.reports ?? 0) > reportsBefore) this.unheardReports = 0;
    else if (packetsSent - this.sentAtReport >= NOTABLE_PACKETS) this.unheardReports++;
    this.sentAtReport = packetsSent;
  }

  /** A datagram came from elsewhere than from the far end. */
  onWrongSource(): void {
    this.wrongSource++;
  }

  /** A datagram of the far end did not authenticate. */
  onUnauthenticated(): void {
    this.unauthenticated++;
  }

  /** A datagram on the RTCP port that is no RTCP. */
  onMalformed(): void {
    this.malformed++;
  }

  report(): RtcpReport {
    const { roundTrips: samples } = this;
    return {
      sent: this.sent,
      received: this.received,
      malformed: this.malformed,
      wrongSource: this.wrongSource,
      unauthenticated: this.unauthenticated,
      looped: this.looped,
      unheardReports: this.unheardReports,
      roundTripMs:
        samples === 0
          ? null
          : { samples, mean: this.roundTripSumMs / samples, min: this.roundTripMinMs, max: this.roundTripMaxMs },
      farEnd: this.farEnd === null ? null : { ...this.farEnd },
      voipMetrics: this.voipMetrics,
      bye: this.bye,
    };
  }

  private interval(minimumMs: number): number {
    return (minimumMs * (0.5 + this.rng.uniform())) / COMPENSATION;
  }

  /** The first two words of every packet: version, count, type and length, then our SSRC. The result is what follows them. */
  private writeHeader(view: DataView, at: number, count: number, type: number, bytes: number): number {
    view.setUint8(at, VERSION_BITS | count);
    view.setUint8(at + 1, type);
    view.setUint16(at + 2, bytes / 4 - 1);
    view.setUint32(at + 4, this.ssrc);
    return at + 8;
  }

  private writeSenderInfo(view: DataView, at: number, sender: SenderInfo, nowMs: number): number {
    const utcMs = nowMs + this.utcOffsetMs;
    const seconds = Math.floor(utcMs / 1000);
    view.setUint32(at, (seconds + NTP_EPOCH_OFFSET_S) % WORD);
    view.setUint32(at + 4, Math.min(WORD - 1, Math.floor(((utcMs - seconds * 1000) / 1000) * WORD)));
    view.setUint32(at + 8, sender.rtpTimestamp);
    view.setUint32(at + 12, sender.packets % WORD);
    view.setUint32(at + 16, sender.octets % WORD);
    return at + 20;
  }

  /** RFC 3550, section 6.4.1 and appendix A.3. */
  private writeBlock(view: DataView, at: number, reception: Reception, nowMs: number): number {
    const { ssrc, expected, received } = reception;
    if (ssrc !== this.reportedSsrc) {
      this.reportedSsrc = ssrc;
      this.reportedExpected = 0;
      this.reportedReceived = 0;
    }
    const expectedNow = expected - this.reportedExpected;
    const lostNow = expectedNow - (received - this.reportedReceived);
    this.reportedExpected = expected;
    this.reportedReceived = received;
    const fraction = expectedNow <= 0 || lostNow <= 0 ? 0 : Math.min(255, Math.floor((256 * lostNow) / expectedNow));
    const lost = Math.min(MAX_24, Math.max(-MAX_24 - 1, expected - received));
    view.setUint32(at, ssrc);
    view.setUint32(at + 4, (fraction << 24) | (lost & 0xffffff));
    view.setUint32(at + 8, reception.extendedHighest % WORD);
    view.setUint32(at + 12, Math.min(WORD - 1, Math.floor(reception.jitterUnits)));
    view.setUint32(at + 16, this.lastSr);
    view.setUint32(at + 20, this.lastSr === 0 ? 0 : Math.round((nowMs - this.lastSrAtMs) * 65.536) % WORD);
    return at + 24;
  }

  private readBlocks(blocks: readonly ReceptionReport[], nowMs: number): void {
    for (const block of blocks) {
      if (block.getSsrc() !== this.ssrc) continue;
      this.measureRoundTrip(block, nowMs);
      const jitterMs = (block.getJitter() / this.clockRate) * 1000;
      const { farEnd } = this;
      this.farEnd = {
        reports: (farEnd?.reports ?? 0) + 1,
        cumulativeLost: readCumulativeLost(block),
        extendedHighest: block.getHighestSeqNumber(),
        jitterMs,
        jitterMaxMs: Math.max(farEnd?.jitterMaxMs ?? 0, jitterMs),
        fractionLostMax: Math.max(farEnd?.fractionLostMax ?? 0, block.getFractionLost() / 256),
      };
    }
  }

  /**
   * A − LSR − DLSR in units of 1/65536 s (RFC 3550, section 6.4.1). Rounding at both ends may bring a short way just below
   * zero; what is further below was not measured.
   */
  private measureRoundTrip(block: ReceptionReport, nowMs: number): void {
    const lastSr = block.getLastSRTimestamp();
    if (lastSr === 0) return;
    const units = (this.middleNtp(nowMs) - lastSr - block.getDelaySinceLastSR()) | 0;
    if (units < -ROUNDING_UNITS) return;
    const ms = Math.max(0, units) / 65.536;
    this.roundTrips++;
    this.roundTripSumMs += ms;
    this.roundTripMinMs = Math.min(this.roundTripMinMs, ms);
    this.roundTripMaxMs = Math.max(this.roundTripMaxMs, ms);
  }

  /** Middle 32 bits of the NTP timestamp of a moment. */
  private middleNtp(nowMs: number): number {
    const seconds = (nowMs + this.utcOffsetMs) / 1000 + NTP_EPOCH_OFFSET_S;
    return Math.floor((seconds % 0x10000) * 0x10000) >>> 0;
  }
}

/** A signed 24-bit number (RFC 3550, section 6.4.1), in two's complement as all such; rtp.js reads twelve bits of it. */
function readCumulativeLost(block: ReceptionReport): number {
  const view = block.getView();
  return (view.getInt8(5) << 16) | view.getUint16(6);
}
