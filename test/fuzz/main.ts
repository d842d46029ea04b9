import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { campaign } from './campaign.js';
import { fuzzDescriptions } from './descriptions.js';
import { fuzzFrames } from './frames.js';
import { fuzzMedia } from './media.js';
import { Failure } from './oracles.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000000' },
    transport: { type: 'string' },
    out: { type: 'string', default: 'fuzz-failures' },
  },
});
/** For so many SIP messages there is one frame of drachtio's application protocol. */
const FRAMES_EACH = 20;
/** And for so many one datagram of RTP or RTCP. */
const DATAGRAMS_EACH = 3;
/** And for so many one session description. */
const DESCRIPTIONS_EACH = 10;
const seed = Number(values.seed);
const count = Number(values.count);
const started = process.hrtime();
let printedAt = 0;

try {
  const result = await campaign({
    seed,
    count,
    transports: values.transport?.split(','),
    onProgress: (sent) => {
      if (sent - printedAt < count / 20) return;
      printedAt = sent;
      console.log(`${sent} of ${count} messages`);
    },
  });
  const frames = Math.ceil(count / FRAMES_EACH);
  const { requests } = await fuzzFrames(seed, frames);
  const media = fuzzMedia(seed, Math.ceil(count / DATAGRAMS_EACH));
  const sdp = fuzzDescriptions(seed, Math.ceil(count / DESCRIPTIONS_EACH));
  const [seconds] = process.hrtime(started);
  const per = (table: Record<string, number>): string =>
    Object.entries(table)
      .map(([name, n]) => `${name} ${n}`)
      .join(' · ');
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  console.log(`seed ${seed}: ${count} messages in ${seconds} s`);
  console.log(`  over         ${per(result.sent)}`);
  console.log(`  as           ${per(result.kinds)}`);
  console.log(
    `  the server   read ${result.received}, ${result.malformed} of them malformed; ${mb(result.bytesIn)} in, ${mb(result.bytesOut)} out`,
  );
  console.log(`  applications ${frames} frames, of which ${requests} SIP requests came`);
  console.log(
    `  media        ${media.datagrams} datagrams: ${media.received} RTP packets taken, ${media.malformed} malformed; ${media.rtcpReceived} of RTCP taken, ${media.rtcpMalformed} malformed`,
  );
  console.log(`  descriptions ${sdp.descriptions}: taken ${sdp.taken} times, refused ${sdp.refused} times`);
  console.log(`  slowest      ${result.slowestCpuMs.toFixed(0)} ms CPU for 100 messages`);
  console.log(
    `  seen once    ${result.seenOnce.length} chunks drew more than is due, but not when they were sent again`,
  );
  for (const [i, failure] of result.seenOnce.entries()) keep(failure, `once-${i}`);
  console.log(`  heap         ${mb(result.heapBeforeBytes)} after a tenth, ${mb(result.heapAfterBytes)} at the end`);
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  keep(error, '');
  process.exitCode = 1;
}

/** Prints what was wrong, and writes the messages that brought it about to files. */
function keep({ message, inputs }: Failure, folderName: string): void {
  console.error(`seed ${seed}: ${message}`);
  if (inputs.length === 0) return;
  const folder = join(values.out, `seed-${seed}`, folderName);
  mkdirSync(folder, { recursive: true });
  for (const [i, text] of inputs.entries())
    writeFileSync(join(folder, `${String(i).padStart(2, '0')}.sip`), Buffer.from(text, 'latin1'));
  console.error(`the ${inputs.length} messages that brought it about are in ${folder}`);
}
