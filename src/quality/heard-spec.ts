import type { GivenEquipments } from './equipment.js';
import type { AcceptedPayloads } from './heard-payload.js';
import type { PlayedAudio } from './played-audio.js';
import type { JitterBuffer } from './playout.js';

/** What is negotiated and expected in the direction that is heard. */
export interface HeardSpec {
  /** Payload types accepted: pt → what it carries. */
  acceptPayloadTypes: AcceptedPayloads;
  jitterBuffer: JitterBuffer;
  mediaTimeoutMs: number;
  bpl: number;
  equipment?: GivenEquipments;
  /** Whether G.722 and Opus are decoded for their level; left out, they are. */
  measuresLevels?: boolean;
  expectAudio: boolean;
  /** The far end may not send, by the direction that was negotiated: no audio is expected then. Left out, it may. */
  isHeld?: boolean;
  hearDigits: boolean;
  /** RTP clock of the codec that is expected, in Hz. */
  clockRate: number;
  /** SSRC that we send with: packets that carry it are our own, sent back. */
  ownSsrc: number;
  /** Whether we lately sent a packet of this number and time: another one with our SSRC is not ours. Left out, all are. */
  hasSent?: (sequence: number, timestamp: number) => boolean;
  /** Told once: the far end has drawn our SSRC (RFC 3550, section 8.2). */
  onCollision?: () => void;
  /** Where somebody listens to the call. */
  played?: PlayedAudio;
}
