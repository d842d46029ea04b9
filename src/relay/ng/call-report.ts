import type { RelayEndReport, RelayReport } from '../../media/link/relay-messages.js';
import { rtcpPortOf } from '../../rtp/rtcp-port.js';
import type { Party, PartyMedia } from '../../sdp/relay-party.js';
import { familyOf } from '../../sdp/relayed-media.js';
import type { Bencodable } from './bencode.js';
import type { NgCall } from './call.js';
import type { Dialogue, MediumReport } from './dialogue.js';

type Dictionary = Map<string, Bencodable>;

const OTHER: Record<Party, Party> = { a: 'b', b: 'a' };

/** What came from the ends of a call, RTP and RTCP apart. */
interface Totals {
  rtp: Stats;
  rtcp: Stats;
}

interface Stats {
  packets: number;
  bytes: number;
  errors: number;
}

/**
 * What `query` and `delete` answer of a call or of some of its dialogues, in rtpengine's form: by tag, each with its media, and each
 * of those with a stream of RTP and one of RTCP, as they came from that party. `SSRC`, where rtpengine has MOS of its own
 * making from RTCP, stays empty.
 * @param unixMs turns times of the run's clock into those of the calendar
 */
export async function reportCall(
  call: NgCall,
  dialogues: readonly Dialogue[],
  unixMs: (atMs: number) => number,
): Promise<Dictionary> {
  const totals: Totals = { rtp: noStats(), rtcp: noStats() };
  const tags: Dictionary = new Map();
  for (const dialogue of dialogues) {
    const media = await dialogue.query();
    for (const party of ['a', 'b'] as const) {
      const reports = media.map((one) => mediaReport(one, dialogue, party, totals, unixMs));
      const names = [...dialogue.tags[party]];
      // The offerer of several dialogues has the media of all of them, one after the other.
      const known = tags.get(names.at(-1) ?? '') as Dictionary | undefined;
      if (known) (known.get('medias') as Bencodable[]).push(...reports);
      else
        tags.set(
          names.at(-1) ?? `<untagged ${dialogues.indexOf(dialogue)}>`,
          tagReport(dialogue, party, reports, unixMs),
        );
    }
  }
  const created = unixMs(call.createdMs);
  return new Map<string, Bencodable>([
    ['created', Math.floor(created / 1000)],
    ['created_us', Math.floor((created % 1000) * 1000)],
    ['last signal', Math.floor(unixMs(call.lastSignalMs) / 1000)],
    ['SSRC', {}],
    ['tags', tags],
    ['totals', { RTP: { ...totals.rtp }, RTCP: { ...totals.rtcp } }],
  ]);
}

function tagReport(
  dialogue: Dialogue,
  party: Party,
  medias: Bencodable[],
  unixMs: (atMs: number) => number,
): Dictionary {
  const tag = [...dialogue.tags[party]].at(-1) ?? '';
  const other = [...dialogue.tags[OTHER[party]]].at(-1) ?? '';
  const associated = [{ tag: other, type: 'offer/answer' }];
  const report: Dictionary = new Map<string, Bencodable>([['tag', tag]]);
  if (party === 'b' && dialogue.viaBranch !== '') report.set('via-branch', dialogue.viaBranch);
  if (dialogue.labels[party] !== '') report.set('label', dialogue.labels[party]);
  report.set('created', Math.floor(unixMs(dialogue.createdMs) / 1000));
  report.set('subscriptions', associated);
  report.set('subscribers', associated);
  report.set('medias', medias);
  return report;
}

function mediaReport(
  { index, medium, report }: MediumReport,
  dialogue: Dialogue,
  party: Party,
  totals: Totals,
  unixMs: (atMs: number) => number,
): Dictionary {
  const state = dialogue.medium(party, index);
  const other = dialogue.medium(OTHER[party], index);
  const result: Dictionary = new Map<string, Bencodable>([
    ['index', index + 1],
    ['type', state?.type ?? ''],
    ['protocol', state?.protocol ?? ''],
  ]);
  const end = report?.ends[party] ?? null;
  const codec = end && codecOf(end, state, other);
  if (codec) result.set('codec', codec);
  result.set('streams', end ? streams(end, state, report!, totals, unixMs) : []);
  result.set('flags', mediaFlags(state, medium.leases[party] !== undefined));
  return result;
}

/** What the last packet of the party carried. */
function codecOf(end: RelayEndReport, state: PartyMedia | null, other: PartyMedia | null): string | null {
  const payloadType = end.streams.at(-1)?.payloadType;
  const known = [...(state?.codecs ?? []), ...(other?.ownCodecs ?? [])];
  return known.find((codec) => codec.payloadType === payloadType)?.encoding ?? null;
}

function mediaFlags(state: PartyMedia | null, isOpen: boolean): string[] {
  const flags = isOpen && state?.endpoint ? ['initialized'] : [];
  // As seen by the relay, as the description to the party has it the other way round.
  if (state?.direction === 'sendrecv' || state?.direction === 'sendonly') flags.push('send');
  if (state?.direction === 'sendrecv' || state?.direction === 'recvonly') flags.push('recv');
  if (state?.rtcpMux) flags.push('rtcp-mux');
  if (state?.srtp) flags.push('SDES');
  return flags;
}

function streams(
  end: RelayEndReport,
  state: PartyMedia | null,
  report: RelayReport,
  totals: Totals,
  unixMs: (atMs: number) => number,
): Dictionary[] {
  const advertised = state?.endpoint ?? null;
  const rtcpAdvertised = state?.rtcpEndpoint ?? (advertised && { ...advertised, port: rtcpPortOf(advertised.port) });
  const errors = end.malformed + end.unopened;
  const rtp = { ...end.received, errors };
  const rtcp = { ...end.rtcpReceived, errors: 0 };
  add(totals.rtp, rtp);
  add(totals.rtcp, rtcp);
  const last = Math.floor(unixMs(end.lastPacketMs ?? report.openedMs) / 1000);
  const isFilled = advertised ? ['filled'] : [];
  const isConfirmed = end.latched ? ['confirmed'] : [];
  return [
    stream(end, end.local.rtpPort, end.remote, advertised, last, ['RTP', ...isFilled, ...isConfirmed], rtp),
    stream(end, end.local.rtcpPort, rtcpAdvertised, rtcpAdvertised, last, ['RTCP', ...isFilled], rtcp),
  ];
}

function stream(
  end: RelayEndReport,
  port: number,
  endpoint: { address: string; port: number } | null,
  advertised: { address: string; port: number } | null,
  lastPacket: number,
  flags: string[],
  stats: Stats,
): Dictionary {
  const result: Dictionary = new Map<string, Bencodable>([
    ['local port', port],
    ['local address', end.local.address],
    ['family', familyName(end.local.address)],
    ['endpoint', endpointReport(endpoint)],
    ['advertised endpoint', endpointReport(advertised)],
  ]);
  if (end.srtp) result.set('crypto suite', end.srtp);
  result.set('last packet', lastPacket);
  result.set('flags', flags);
  const ssrc = end.streams.at(-1)?.ssrc;
  if (ssrc !== undefined) result.set('SSRC', ssrc);
  result.set('stats', { ...stats });
  return result;
}

function endpointReport(endpoint: { address: string; port: number } | null): Bencodable {
  if (!endpoint) return {};
  return { family: familyName(endpoint.address), address: endpoint.address, port: endpoint.port };
}

function familyName(address: string): string {
  return familyOf(address) === 'IP4' ? 'IPv4' : 'IPv6';
}

function noStats(): Stats {
  return { packets: 0, bytes: 0, errors: 0 };
}

function add(sum: Stats, one: Stats): void {
  sum.packets += one.packets;
  sum.bytes += one.bytes;
  sum.errors += one.errors;
}
