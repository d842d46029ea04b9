import { z } from 'zod';
import { toneFrequencies } from '../audio/sound.js';
import { CODEC_NAMES, CODECS, isOpaque, OPAQUE_CODEC_NAMES, supportsPtime } from '../core/codecs.js';
import { duration, ratio } from '../core/units.js';
import { callIdentitySpec } from '../identity/spec.js';
import { holdSpec } from '../load/hold-spec.js';
import { type ADJUSTABLE_CODECS, BPL, equipmentOf, RATED_CODECS } from '../quality/equipment.js';
import { SRTP_SUITE_NAMES } from '../rtp/srtp-keys.js';
import { sdpFault } from '../sdp/fault-spec.js';
import { headerText, userPart } from '../sip/header-text.js';
import { turnsSpec } from '../voice/spec.js';
import { dtmfSpec } from './dtmf-spec.js';
import { jitterBuffer } from './jitter-buffer-spec.js';
import { flowSpec } from './steps/spec.js';

/** Markers are this far apart, so that no delay of a telephone call is mistaken for a shorter one. */
const LEAST_EVERY_MS = 2000;

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9\-.!%*_+`'~]+$/, 'is no header name: letters, digits and hyphens, without colon or blanks');

const noise = z
  .strictObject({
    kind: z.string().default('white').describe('`white`, `pink`, `brown`, or the path of a WAV file'),
    snr: z.number().min(-40).max(80).optional().describe('How far below the level of the audio it lies, in dB'),
    level: z.number().min(-90).max(0).optional().describe('Its level in dBov, in place of `snr`'),
  })
  .refine((n) => (n.snr === undefined) !== (n.level === undefined), 'needs either `snr` or `level`')
  .describe('Noise under the audio');

const frameFile = z
  .strictObject({
    file: z.string().describe('The payloads of packets one behind the other, without any header; or a capture'),
    bytes: z.number().int().min(1).max(1400).describe('Payload of one packet'),
    payloadType: z
      .number()
      .int()
      .min(0)
      .max(127)
      .optional()
      .describe(
        'The file is a capture: RTP packets of this payload type are taken, of the stream that has most of them',
      ),
  })
  .optional();

const frames = z
  .strictObject({ G729: frameFile, AMR: frameFile, 'AMR-WB': frameFile, EVS: frameFile })
  .describe('What is sent, over and over, with codecs that are not encoded here; each packet lasts `ptime`');

const probe = z
  .strictObject({
    after: duration.default(2000).describe('How long after the answer the first marker is said'),
    every: duration
      .default(10_000)
      .refine((ms) => ms >= LEAST_EVERY_MS, 'markers must be at least 2s apart: a delay is told by the one before')
      .describe('Time from one marker to the next'),
  })
  .describe(
    'Says a marker of 360 ms within the audio that tells whose call it is, and listens for the far end’s: mouth-to-ear delay, crossed calls, echo',
  );

/** What happens within a call: the same for callers and callees. */
export const conversationSpec = z.strictObject({
  audio: z
    .string()
    .default('speech')
    .describe(
      'What is played, over and over: `speech` (a speech-like signal), `silence`, `tone:440` (or `tone:350+440`) in Hz, the path of a WAV file, or `none` for no RTP at all',
    ),
  noise: noise.optional(),
  gain: z.number().min(-60).max(60).default(0).describe('Added to audio and noise, in dB'),
  clip: z.number().min(-60).max(0).optional().describe('Level in dBov at which audio and noise are cut off'),
  expectAudio: z
    .boolean()
    .default(true)
    .describe('Whether the far end is expected to be heard; without it silence is no fault'),
  ptime: z.literal([10, 20, 30, 40, 60]).default(20).describe('Packet interval in ms'),
  codecs: z
    .array(z.enum(CODEC_NAMES))
    .min(1)
    .default(['PCMU', 'PCMA'])
    .refine((codecs) => new Set(codecs).size === codecs.length, 'names a codec twice')
    .describe('Codecs in order of preference; G729, AMR, AMR-WB and EVS need `frames`'),
  frames: frames.optional(),
  comfortNoise: z
    .boolean()
    .default(false)
    .describe('Offers and takes comfort noise (RFC 3389) and sends it in place of silence where the far end takes it'),
  srtp: z
    .array(z.enum(SRTP_SUITE_NAMES))
    .default([])
    .refine((suites) => new Set(suites).size === suites.length, 'names a suite twice')
    .describe(
      'SRTP suites in order of preference, with keys in SDP (RFC 4568): calls are protected then, or fail; none: RTP in clear',
    ),
  latch: z
    .enum(['off', 'first', 'follow'])
    .default('off')
    .describe(
      'Whether received RTP may tell that the far end is elsewhere than its SDP says (RFC 7362): never, by the first packet, or later ones too',
    ),
  dtmf: dtmfSpec.optional(),
  inbandDtmf: z
    .boolean()
    .default(false)
    .describe(
      'Listens for digits as tones in the audio, which it does anyway where the other side of the run sends such',
    ),
  probe: probe.optional(),
  sdpFaults: z
    .array(sdpFault)
    .default([])
    .describe('Faults of every description that this side sends, one after the other'),
  flow: flowSpec.optional(),
});

/** The calls that the swarm places. */
export const callSpec = conversationSpec
  .extend({
    from: userPart
      .default('1000[0000-9999]')
      .describe('Caller number; `[0000-9999]` counts up with each call, `{column}` takes a column of `numbers`'),
    to: userPart.optional().describe('Called number, as `from`; without it the user part of the target is called'),
    numbers: z.string().optional().describe('CSV file whose columns are variables; its rows are used in turn'),
    lateOffer: z
      .boolean()
      .default(false)
      .describe('Sends the INVITE without SDP: the far end offers, and the answer goes with the ACK'),
    putOnHold: z
      .strictObject({
        after: duration.describe('When, from the answer'),
        for: duration.describe('For how long'),
      })
      .optional()
      .describe('Puts the far end on hold by a re-INVITE, and takes it back'),
    turns: turnsSpec.optional(),
    hold: holdSpec.describe(
      'How long a call lasts from its answer: a duration, or a distribution of which each attempt draws by the seed; with `flow`, at most',
    ),
    giveUpAfter: duration.default(60_000).describe('An attempt not answered by then is cancelled'),
    headers: z.record(headerName, headerText).default({}).describe('Headers added to the INVITE; variables allowed'),
    byAccounts: z
      .boolean()
      .default(false)
      .describe(
        'The accounts of `registrations` call, in turn: each is the caller in place of `from`, and its password answers 401 and 407',
      ),
    toAccounts: z
      .boolean()
      .default(false)
      .describe(
        'The accounts of `registrations` are called, in turn, and answer as `trunk` says: in place of `to`; none calls itself',
      ),
    credentials: z
      .strictObject({
        username: headerText,
        password: headerText,
        reuse: z
          .boolean()
          .default(false)
          .describe('A call begins with the nonce of the call before, counted up, in place of an INVITE without'),
      })
      .optional()
      .describe('Digest credentials for 401 and 407'),
    identity: callIdentitySpec.optional(),
    proxy: headerText
      .regex(/^sips?:[^\s<>"]+$/i, 'expected a SIP URI such as sip:proxy.example.net')
      .optional()
      .describe('Outbound proxy as a SIP URI'),
  })
  .describe('The calls that are placed');

export type ConversationSpec = z.infer<typeof conversationSpec>;

export type CallSpec = z.infer<typeof callSpec>;

/** What a profile says of a codec in place of what its usual mode has. */
function equipment(codec: (typeof ADJUSTABLE_CODECS)[number]) {
  return z
    .strictObject({
      mode: z.enum(RATED_CODECS[codec]).optional().describe('Mode by which it is rated, by kbit/s'),
      ie: z.number().min(0).max(100).optional().describe('Equipment impairment, on the scale of the codec’s band'),
      bpl: z.number().min(0.1).max(100).optional().describe('Packet-loss robustness'),
    })
    .refine(
      (given) => equipmentOf(codec, BPL.plc, { [codec]: given })?.bpl !== null,
      'nobody has published a Bpl of this mode: give `bpl` too',
    )
    .optional();
}

/** How media is carried and judged. */
export const mediaSpec = z
  .strictObject({
    rtpPorts: z
      .string()
      .regex(/^\d{1,5}-\d{1,5}$/, 'expected a range of ports such as 20000-29999')
      .default('20000-29999')
      .refine((text) => {
        const [a, b] = text.split('-').map(Number);
        return a >= 1024 && b <= 65_535 && b > a;
      }, 'the range must lie within 1024–65535 and ascend')
      .describe('Ports for RTP (even) and RTCP (odd)'),
    sharedPorts: z
      .boolean()
      .default(false)
      .describe(
        'One RTP and one RTCP port on each address for all calls of a media thread, told apart by the far end’s address and SSRC; without it a pair for each call',
      ),
    addresses: z
      .array(z.union([z.ipv4(), z.ipv6()], 'expected an IPv4 or IPv6 address'))
      .min(1)
      .max(1000)
      .refine((list) => new Set(list).size === list.length, 'names an address twice')
      .refine((list) => new Set(list.map((a) => a.includes(':'))).size === 1, 'must all be IPv4 or all be IPv6')
      .optional()
      .describe(
        'Addresses of this machine that the callers take in turn for RTP, each with all the ports; without it the local address',
      ),
    jitterBuffer,
    timeout: duration
      .default(10_000)
      .describe('Media that stops for longer is a fault, and the call counts as dropped (`mediaTimeoutMs`)'),
    plc: z.boolean().default(true).describe('Whether the receiver conceals losses: Bpl 25.1 with, 4.3 without (G.113)'),
    codecs: z
      .strictObject({
        G722: equipment('G722'),
        opus: equipment('opus'),
        G729: equipment('G729'),
        AMR: equipment('AMR'),
        'AMR-WB': equipment('AMR-WB'),
        EVS: equipment('EVS'),
      })
      .optional()
      .describe('Mode, Ie and Bpl by which codecs are rated, in place of those of their usual mode'),
    rtcp: z
      .strictObject({
        enabled: z.boolean().default(true).describe('Sends reports about every 5 s and reads those of the far end'),
        mux: z
          .boolean()
          .default(false)
          .describe('Offers and accepts RTCP on the port of RTP (RFC 5761); both sides have to'),
        xr: z.boolean().default(true).describe('Reports VoIP metrics, too (RFC 3611)'),
      })
      .prefault({})
      .describe('RTCP (RFC 3550) of each call'),
    levels: ratio
      .default(1)
      .describe('Share of the calls, evenly spread, whose G722 and opus is decoded to tell how loud it is'),
    record: z
      .strictObject({
        share: ratio.default(1).describe('Share of the calls, evenly spread'),
        calls: z.number().int().min(1).max(1000).default(20).describe('At most so many'),
        for: duration.default(60_000).describe('Of each at most so long'),
      })
      .optional()
      .describe('Records what the callers receive to WAV files in the run directory'),
    driver: z
      .enum(['auto', 'native', 'dgram'])
      .default('auto')
      .describe('`native`: batched system calls and kernel arrival times (Linux); `dgram`: portable'),
  })
  .describe('How RTP is carried and judged');

export type MediaSpec = z.infer<typeof mediaSpec>;

/** First and last port of the range. */
export function portRange(text: string): { min: number; max: number } {
  const [min, max] = text.split('-').map(Number);
  return { min, max };
}

/** Highest share of a codec's sample rate that a tone may have. */
const TONE_SHARE = 0.45;

function isInband(dtmf: unknown): boolean {
  return typeof dtmf === 'object' && dtmf !== null && 'method' in dtmf && dtmf.method === 'inband';
}

/** What the fields of a conversation cannot be checked for one by one. Takes nothing for granted of their shapes. */
export function conversationMistakes(side: Record<string, unknown>): { field: string; message: string }[] {
  const mistakes: { field: string; message: string }[] = [];
  const { audio, codecs, ptime, noise, frames } = side;
  const names = Array.isArray(codecs) ? CODEC_NAMES.filter((name) => codecs.includes(name)) : [];
  if (names.includes('opus') && ptime === 30)
    mistakes.push({ field: 'ptime', message: 'Opus has no packets of 30 ms: 10, 20, 40 and 60 are possible' });
  const opaque = OPAQUE_CODEC_NAMES.filter((name) => names.includes(name));
  for (const name of opaque) {
    if (typeof ptime === 'number' && !supportsPtime(name, ptime))
      mistakes.push({ field: 'ptime', message: `${name} has no packets of ${ptime} ms: its frames are 20 ms long` });
    if (audio !== 'none' && !(typeof frames === 'object' && frames !== null && name in frames))
      mistakes.push({ field: 'codecs', message: `${name} is not encoded here: give a file of \`frames\` for it` });
  }
  if (isInband(side.dtmf)) {
    if (audio === 'none')
      mistakes.push({ field: 'dtmf', message: 'tones need audio to be sent in: `audio: silence`, or another method' });
    for (const name of opaque)
      mistakes.push({ field: 'dtmf', message: `${name} is not encoded here, so no tones can be: take another method` });
  }
  for (const field of ['turns', 'agent'] as const)
    if (side[field] !== undefined && opaque.length > 0)
      mistakes.push({ field, message: `${opaque[0]} is not encoded here, so nothing can be said with it in turns` });
  const frequencies = typeof audio === 'string' ? toneFrequencies(audio) : null;
  if (typeof audio === 'string' && audio.startsWith('tone:') && frequencies === null)
    mistakes.push({ field: 'audio', message: 'expected tone: and one to four frequencies, such as tone:350+440' });
  const most =
    TONE_SHARE *
    Math.min(...names.filter((n) => !isOpaque(n)).map((n) => CODECS[n].sampleRate), names.length > 0 ? Infinity : 8000);
  if (frequencies?.some((frequency) => frequency === 0 || frequency > most))
    mistakes.push({ field: 'audio', message: `tones must lie within 1–${most} Hz for the codecs that are offered` });
  if (audio === 'silence' && typeof noise === 'object' && noise !== null && 'snr' in noise)
    mistakes.push({ field: 'noise', message: 'silence has no level that an SNR could refer to: give `level`' });
  return mistakes;
}
