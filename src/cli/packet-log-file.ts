import type { LoggedPackets } from '../media/link/messages.js';
import { PacketFiles } from '../relay/packet-files.js';
import { count } from '../report/format.js';

/** The packet log of a run: a line of JSON for each packet, with the number of its call's record. */
export class PacketLogFile {
  private readonly files: PacketFiles;
  private unlogged = 0;

  /** @throws AppError FILE_UNWRITABLE */
  constructor(path: string) {
    this.files = new PacketFiles({ packetLog: path }, ['uplink', 'downlink']);
  }

  take({ batch, unlogged }: LoggedPackets): void {
    this.unlogged += unlogged;
    this.files.take(batch, String);
  }

  /** Closes the file; what to say where packets are missing in it. */
  close(): string | null {
    const { unwritten, failure } = this.files.close();
    if (failure !== null) return `The packet log is not whole, ${count(unwritten)} packets are missing: ${failure}`;
    if (this.unlogged === 0) return null;
    return `The packet log is not whole: for ${count(this.unlogged)} packets there was no room, as they came faster than they were written`;
  }
}
