import { isIPv6 } from 'node:net';
import { systemClock } from '../../core/clock.js';
import { AppError } from '../../core/errors.js';
import { Rng } from '../../core/rng.js';
import { connectEmbedded, type DrachtioConnection } from '../../drachtio/connect.js';
import type { Latching } from '../../media/link/messages.js';
import type { RelaySide } from '../../media/link/relay-messages.js';
import type { SdpFault } from '../../sdp/fault-spec.js';
import { isUnspecified } from '../../sdp/relayed-media.js';
import { orderHops, planHops } from '../../sip/next-hop.js';
import { SystemDns } from '../../sip/system-dns.js';
import { defaultPort, hostPort, parseSipUri } from '../../sip/uri.js';
import type { Door } from '../door.js';
import type { CallTraits, Relay } from '../relay.js';
import { B2bua, type Parties } from './b2bua.js';
import type { CallRecord } from './call-record.js';
import { Places } from './places.js';
import { RelayedAudio } from './relayed-audio.js';

/** How long calls that the end of the relay hangs up may take to answer their BYEs. */
const STOP_MS = 1000;
const POLL_MS = 20;

export interface B2buaDoorOptions {
  relay: Relay;
  /** Where SIP listens, over UDP and TCP; port 0 takes a free one. */
  listen: { address: string; port: number };
  /** By which others reach it, behind NAT or in a container: in Via, Contact and descriptions. */
  advertise?: string;
  /** Where calls go: a SIP URI. */
  target: string;
  /** Where calls of the target go that name no phone registered through the relay; `null` for nowhere. */
  fromTarget: string | null;
  /** An address of the media setup, at which both sides send to the relay. */
  mediaAddress: string;
  latch: Latching;
  /** Faults of what each side of a call says in its descriptions. */
  sdpFaultsOf(call: CallTraits): Record<RelaySide, readonly SdpFault[]>;
  onRecord(record: CallRecord): void;
  /** Something that went wrong within one call, or a message that could not be read. */
  onLog(text: string): void;
  /** The connection of drachtio-srf broke: no call goes on. */
  onFatal(error: Error): void;
}

/** The door for SIP itself: a B2BUA on drachtio-srf with the embedded server. */
export class B2buaDoor implements Door {
  private readonly b2bua: B2bua;
  /** Calls by their number at the relay, which is not that of the B2BUA. */
  private readonly media = new Map<number, { call: number; audio: RelayedAudio }>();
  private closing: Promise<void> | null = null;

  private constructor(
    private readonly options: B2buaDoorOptions,
    private readonly connection: DrachtioConnection,
    targetAddresses: readonly string[],
  ) {
    const { relay, advertise, target, fromTarget } = options;
    const port = connection.sip!.port;
    const own = [options.listen.address, ...(advertise === undefined ? [] : [advertise])].map((host) => ({
      host,
      port,
    }));
    this.b2bua = new B2bua({
      srf: connection.srf,
      clock: systemClock,
      places: new Places(own.reverse(), placeOf(target)),
      target,
      targetAddresses,
      fromTarget,
      openMedia: (call, parties) => this.openMedia(call, parties),
      onRecord: (record) => options.onRecord(record),
      onError: (error) => options.onLog(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    });
    relay.onTimeout = (call) => {
      const silent = this.media.get(call);
      // On hold nothing may come from either side.
      if (silent?.audio.isTwoWay) this.b2bua.onSilent(silent.call);
    };
  }

  /** Listens. Rejects with an AppError: `ARGUMENT_INVALID`, `HOST_UNKNOWN`, `PORT_TAKEN`, `ADDRESS_UNUSABLE`. */
  static async open(options: B2buaDoorOptions): Promise<B2buaDoor> {
    const { listen, advertise, target, onFatal, onLog } = options;
    if (isUnspecified(listen.address))
      throw new AppError('ARGUMENT_INVALID', 'The relay cannot tell phones to call any address', {
        where: '--listen',
        expected: 'an address of this machine',
        found: listen.address,
      });
    const targetAddresses = await addressesOf(target, isIPv6(listen.address) ? 6 : 4);
    const { host, port } = placeOf(target);
    if (port === listen.port && [host, ...targetAddresses].includes(listen.address))
      throw new AppError('ARGUMENT_INVALID', 'The relay would call itself', {
        where: '--to',
        expected: 'another address or port than that of --listen',
        found: target,
      });
    const connection = await connectEmbedded({
      ...listen,
      advertise,
      onFatal,
      onUnread: (frame) => onLog(`drachtio-srf could not read a message: ${frame.split('\r\n', 2)[1]}`),
    });
    return new B2buaDoor(options, connection, targetAddresses);
  }

  get title(): string {
    const { address, port } = this.connection.sip!;
    return `sip:${hostPort(address, port)} → ${this.options.target}`;
  }

  figures(): { label: string; value: string }[] {
    const { attempts, answered, up, failed, refused, phones } = this.b2bua.counts();
    const all = (counts: object): number => Object.values(counts).reduce((sum: number, n: number) => sum + n, 0);
    const figures: [string, number][] = [
      ['attempts', attempts],
      ['answered', answered],
      ['up', up],
      ['failed', all(failed)],
      ['refused', all(refused)],
      ['phones', phones],
    ];
    return figures.map(([label, value]) => ({ label, value: String(value) }));
  }

  statistics(): Record<string, unknown> {
    return { calls: this.b2bua.counts(), sip: this.connection.stats() };
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    this.b2bua.stop();
    const deadline = systemClock.now() + STOP_MS;
    while (this.connection.stats()!.dialogs > 0 && systemClock.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    await this.b2bua.settled();
    this.b2bua.close();
    await this.connection.close();
  }

  private openMedia(call: number, parties: Parties): RelayedAudio | AppError {
    const { relay, mediaAddress, advertise, latch, sdpFaultsOf } = this.options;
    const opened = relay.open(`call-${call}`, { a: mediaAddress, b: mediaAddress }, parties);
    if (opened instanceof AppError) return opened;
    const address = advertise ?? mediaAddress;
    const { a, b } = opened.leases;
    const places = { a: { address, port: a.rtpPort }, b: { address, port: b.rtpPort } };
    const faults = sdpFaultsOf({ id: opened.call - 1, ...parties });
    const audio = new RelayedAudio(relay, opened.call, { places, latch, faults }, () => this.media.delete(opened.call));
    this.media.set(opened.call, { call, audio });
    return audio;
  }
}

function placeOf(target: string): { host: string; port: number } {
  const { scheme, host, port, transport } = parseSipUri(target)!;
  return { host, port: port ?? defaultPort(scheme === 'sips' ? 'tls' : (transport ?? 'udp')) };
}

/** All addresses that a SIP URI leads to (RFC 3263). */
async function addressesOf(target: string, family: 4 | 6): Promise<string[]> {
  const uri = parseSipUri(target)!;
  const plan = await planHops(uri, new SystemDns(), { transports: ['udp', 'tcp'], families: [family] });
  const addresses = orderHops(plan, new Rng(1)).map(({ address }) => address);
  if (addresses.length > 0) return [...new Set(addresses)];
  throw new AppError('HOST_UNKNOWN', `The host ${uri.host} cannot be resolved`, {
    where: '--to',
    expected: `a name with an IPv${family} address, as --listen has one, and UDP or TCP`,
    found: plan.reason,
  });
}
