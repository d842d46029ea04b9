import type { Percentiles } from '../metrics/percentiles.js';
import type { VoiceSummary } from '../metrics/summary.js';
import { count, milliseconds, percent } from './format.js';

/** Times of a conversation by name, in the order in which a caller meets them; `null` where they were not measured. */
export function voiceTimes(voice: VoiceSummary): [name: string, times: Percentiles | null][] {
  return [
    ['time to first word', voice.ttfwMs],
    ['response time', voice.responseMs],
    ...voice.responseByInProgress.map(({ from, to, ms }): [string, Percentiles] => [
      `  at ${from === 0 ? 1 : from}–${to} calls`.replace('1–1 calls', '1 call'),
      ms,
    ]),
    ['barge-in reaction', voice.bargeInMs],
    ['dead air, each', voice.deadAir.ms],
  ];
}

/** What the times stand beside. */
export function voiceNotes(voice: VoiceSummary): string[] {
  const { deadAir, pathMs } = voice;
  const notes = [
    `${count(voice.calls)} calls, ${count(voice.firstWords)} with a first word; ${count(voice.utterances)} utterances, ${count(voice.unanswered)} unanswered`,
    `dead air in ${count(deadAir.calls)} calls, ${percent(deadAir.ratio)} of the time; overlap ${percent(voice.overlapRatio)}, ${count(voice.interruptions)} interruptions`,
  ];
  if (voice.bargeIns > 0) notes.push(`${count(voice.bargeIns)} barge-ins, ${count(voice.bargeInsIgnored)} ignored`);
  const known = [
    pathMs.uplink === null ? '' : `${milliseconds(pathMs.uplink)} there`,
    pathMs.downlink === null ? '' : `${milliseconds(pathMs.downlink)} back`,
  ].filter((part) => part !== '');
  if (known.length > 0) notes.push(`in it, by jitter buffers and paths of ours: ${known.join(', ')}`);
  const tones = Object.entries(voice.tones).map(([kind, n]) => `${kind} ${count(n)}`);
  if (tones.length > 0) notes.push(`tones heard: ${tones.join(', ')}`);
  return notes;
}
