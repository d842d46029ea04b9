import type { CodecName } from '../core/codecs.js';
import { plainStages } from '../impair/build-stage.js';
import { pipelinesOf } from '../impair/compose.js';
import type { Profile } from './schema.js';
import { hasOwnFarEnd, targetUris } from './targets.js';

const G711: readonly CodecName[] = ['PCMU', 'PCMA'];
const PCM: readonly CodecName[] = [...G711, 'L16/8000', 'L16/16000'];

/** Stages that change the audio itself, and of which codecs they can. */
const CHANGED: Readonly<Record<string, readonly CodecName[]>> = {
  silence: [...PCM, 'G722', 'opus'],
  recode: G711,
  'codec-change': G711,
  ptime: G711,
  gain: PCM,
  clip: PCM,
  noise: PCM,
  echo: PCM,
};

/** What is no mistake in a profile, and yet better known before it is run. One line each. */
export function hintsOf(profile: Profile): string[] {
  const { calls } = profile;
  const hops = calls.proxy === undefined ? targetUris(profile) : [calls.proxy];
  const first = hops.find((hop) => !isOverTls(hop));
  const hints: string[] = [];
  if (calls.srtp.length > 0 && first !== undefined)
    hints.push(
      `the SRTP keys of calls.srtp go to ${first} in clear, where anyone on the way can read them; sips: or ;transport=tls keeps them secret`,
    );
  const { codecs } = profile.inbound ? profile.trunk : calls;
  const { uplink, downlink } = pipelinesOf(profile.impairment);
  const kinds = new Set(plainStages([...uplink, ...downlink]).map(({ kind }) => kind));
  const idle = [...kinds].filter((kind) => CHANGED[kind] && !codecs.some((codec) => CHANGED[kind].includes(codec)));
  if (idle.length > 0)
    hints.push(`${idle.join(', ')} of the impairment can change no audio of ${codecs.join(', ')}: it passes untouched`);
  return [...hints, ...refusalHints(profile)];
}

/** Why our own trunk would refuse every call. */
function refusalHints(profile: Profile): string[] {
  const { calls, trunk, inbound } = profile;
  if (inbound !== undefined || !hasOwnFarEnd(profile)) return [];
  const offer = calls.codecs.join(', ');
  const hints: string[] = [];
  if (!calls.codecs.some((codec) => trunk.codecs.includes(codec)))
    hints.push(
      `calls offer ${offer}, the built-in trunk takes ${trunk.codecs.join(', ')}: it refuses every call (488)`,
    );
  if (calls.srtp.length > 0 !== trunk.srtp.length > 0)
    hints.push(
      `${calls.srtp.length > 0 ? 'calls speak' : 'the built-in trunk speaks'} SRTP and the other side does not: every call is refused (488)`,
    );
  return hints;
}

function isOverTls(uri: string): boolean {
  return /^sips:/i.test(uri) || /;transport=tls(;|$)/i.test(uri);
}
