import type { Analysis } from '../capture/analyze.js';
import type { CapturedDigit, StreamReport } from '../capture/measured-stream.js';
import type { JitterBuffer } from '../quality/playout.js';
import { clock, count, decimal, milliseconds, msDigits, percent, printable } from './format.js';

/** Digits with faults that are told one by one. */
const MOST_DIGIT_LINES = 10;

/** An analysis for people, within 80 columns where addresses and numbers allow; ends in a newline. */
export function captureText({ file, assumptions, streams }: Analysis): string {
  const lines = [
    `${printable(file.path)}: ${file.format}, ${plural(file.packets, 'packet')}, ${clock(file.durationMs)}`,
  ];
  lines.push(...notes(file).map((note) => `  ${note}`));
  if (streams.length === 0) lines.push('', 'No RTP stream was found.');
  else {
    lines.push('', plural(streams.length, 'RTP stream'));
    for (const [index, stream] of streams.entries()) lines.push('', ...streamLines(stream, index + 1));
    lines.push(
      '',
      `MOS: E-model, listening quality, jitter buffer ${bufferText(assumptions.jitterBuffer)}, Bpl ${assumptions.bpl}`,
      'where the receiver decides on it. Jitter: RFC 3550, mean and maximum.',
    );
  }
  return `${lines.join('\n')}\n`;
}

function notes({ frames, untimed, cutOff, leftOut, trailingBytes }: Analysis['file']): string[] {
  const found: string[] = [];
  const note = (n: number, text: string): void => {
    if (n > 0) found.push(`${count(n)} ${text}`);
  };
  note(frames.fragments, 'later fragments of datagrams, which are not put together');
  note(frames.broken, 'frames too short for their headers');
  note(frames.unknownLink, 'frames of a link type that is not read');
  note(untimed, 'datagrams without a time of capture, left out');
  note(cutOff, 'RTP packets that were captured only in part: no level, no digits of their streams');
  note(leftOut, 'packets of further streams left out');
  note(trailingBytes, 'bytes at the end that make no whole packet: the file was cut off');
  return found;
}

function streamLines(s: StreamReport, number: number): string[] {
  const name = `${s.encoding ?? 'unknown encoding'}${s.encrypted ? ' (SRTP)' : ''}`;
  const lines = [
    `${String(number).padStart(3)}  ${s.source} → ${s.destination}  SSRC ${s.ssrc}`,
    `     ${printable(name)}, from ${clock(s.startMs)} for ${clock(s.durationMs)}`,
    `     packets ${count(s.packets)}  lost ${count(s.packetsLost)} (${percent(s.lossRatio)})  duplicates ${count(s.duplicates)}  reordered ${count(s.reordered)}  late ${count(s.lateDiscarded)}`,
    `     jitter ${msDigits(s.jitterMs)} / ${milliseconds(s.jitterMaxMs)}  longest gap ${milliseconds(s.longestGapMs)}  level ${decimal(s.levelDbov, 1)} dBov`,
    ...(s.noiseFloorDbov === null ? [] : [`     ${levelText(s)}`]),
    `     R ${decimal(s.rFactor, 1)}  MOS-LQ ${decimal(s.mosLq, 2)}${s.mosModel ? ` (${s.mosModel.model})` : ''}`,
  ];
  const { playout, worstInterval: worst } = s;
  if (worst && s.intervals.length > 1) lines.push(`     ${worstText(worst)}`);
  if (playout?.kind === 'adaptive')
    lines.push(`     playout delay ${msDigits(playout.meanMs)} / ${milliseconds(playout.maxMs)}`);
  const more: string[] = [];
  if (s.digits) more.push(`digits ${printable(s.digits)}`);
  if (s.digitDuplicates) more.push(`digits heard twice ${count(s.digitDuplicates)}`);
  if (s.silentRatio) more.push(`silent ${percent(s.silentRatio)}`);
  if (s.comfortNoise > 0) more.push(`comfort noise ${count(s.comfortNoise)}`);
  if (s.ssrcChanges > 0) more.push(`other SSRCs ${count(s.ssrcChanges)}`);
  if (s.unknownPayload > 0) more.push(`unknown payload ${count(s.unknownPayload)}`);
  if (more.length > 0) lines.push(`     ${more.join('  ')}`);
  lines.push(...digitLines(s.dtmf ?? []));
  return lines;
}

/** Tones in a row, and what is wrong with single digits. */
function digitLines(digits: readonly CapturedDigit[]): string[] {
  const tones = digits.filter(({ method }) => method === 'inband');
  const lines = tones.length === 0 ? [] : [`     digits as tones ${tones.map(({ digit }) => digit).join('')}`];
  const faulty = digits.filter(({ faults }) => faults.length > 0);
  for (const { digit, startMs, packets, faults } of faulty.slice(0, MOST_DIGIT_LINES))
    lines.push(
      `     digit ${digit} at ${(startMs / 1000).toFixed(2)} s: ${faults.join(', ')}, packets ${count(packets)}`,
    );
  if (faulty.length > MOST_DIGIT_LINES) lines.push(`     and ${count(faulty.length - MOST_DIGIT_LINES)} more digits`);
  return lines;
}

function levelText({ activeLevelDbov, activityFactor, noiseFloorDbov, clippedRatio }: StreamReport): string {
  const share = activityFactor === null ? '' : ` in ${percent(activityFactor)} of the time`;
  const speech = activeLevelDbov === null ? 'no speech' : `speech ${decimal(activeLevelDbov, 1)} dBov${share}`;
  return `${speech}  noise ${decimal(noiseFloorDbov, 1)} dBov  clipped ${percent(clippedRatio)}`;
}

function worstText(worst: NonNullable<StreamReport['worstInterval']>): string {
  const { packetsExpected: expected, packetsLost, lateDiscarded } = worst;
  const missing = expected === 0 ? null : (packetsLost + lateDiscarded) / expected;
  return `worst 10 s: from ${clock(worst.startMs)}  lost or late ${percent(missing)}  R ${decimal(worst.r, 1)}  MOS-LQ ${decimal(worst.mosLq, 2)}`;
}

function bufferText(buffer: JitterBuffer): string {
  return buffer.kind === 'fixed' ? `${buffer.delayMs} ms` : `adaptive ${buffer.minMs}–${buffer.maxMs} ms`;
}

function plural(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? '' : 's'}`;
}
