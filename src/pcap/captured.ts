/** A capture format. */
export type CaptureFormat = 'pcap' | 'pcapng';

/** One packet as it was captured. The same object is used for the next one. */
export interface CapturedPacket {
  /** Time of capture: whole seconds since 1970, and the rest. `null` in blocks of pcapng that have none. */
  seconds: number | null;
  nanoseconds: number;
  /** A LINKTYPE of tcpdump.org's registry. */
  linkType: number;
  /** The captured part lies here, from `start` to `end`. */
  bytes: Uint8Array;
  start: number;
  end: number;
  /** Length on the wire, which is more where the capture was cut off (snaplen). */
  wireLength: number;
}

/** Cuts a format into packets. `take` returns how many bytes it used, and calls back for each packet among them. */
export interface PacketCutter {
  readonly format: CaptureFormat;
  take(bytes: Uint8Array, onPacket: (packet: CapturedPacket) => void): number;
}

/** Longest block or packet that is believed: more is a broken file. */
export const MAX_BLOCK_BYTES = 16 * 1024 * 1024;

/** A file that breaks the format it began in; `offset` is that of the broken block. */
export class BrokenCapture extends Error {
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}
