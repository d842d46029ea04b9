import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../src/pcap/reader.js';
import { TraceCapture } from '../../src/report/trace-capture.js';
import type { TracedMessage } from '../../src/sip/trace.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const START_MS = 1_700_000_000_000;
const LOCAL = '192.0.2.1:5060';
const REMOTE = '198.51.100.7:5070';

function message(text: string, more: Partial<TracedMessage> = {}): TracedMessage {
  return {
    atMs: 0,
    direction: 'sent',
    transport: 'udp',
    local: LOCAL,
    remote: REMOTE,
    repeated: false,
    text,
    ...more,
  };
}

const traceOf = (...messages: TracedMessage[]) => ({ messages, leftOut: 0 });

/** The packets of a file: when each was captured, in ms after the start, its IP header's first byte, its ports and its payload. */
async function packetsOf(
  bytes: Uint8Array,
): Promise<{ atMs: number; version: number; ports: number[]; text: string }[]> {
  const path = join(temporaryFolder(), 'sip.pcap');
  writeFileSync(path, bytes);
  const packets: Awaited<ReturnType<typeof packetsOf>> = [];
  await readCapture(path, ({ seconds, nanoseconds, bytes: all, start, end }) => {
    const version = all[start] >> 4;
    const udp = Buffer.from(all.subarray(start + (version === 4 ? 20 : 40), end));
    packets.push({
      atMs: seconds! * 1000 + nanoseconds / 1e6 - START_MS,
      version,
      ports: [udp.readUInt16BE(0), udp.readUInt16BE(2)],
      text: udp.subarray(8).toString(),
    });
  });
  return packets;
}

describe('the traces of a run as a capture', () => {
  it('are the messages of all calls in the order of time, each with its time, its ports and its bytes', async () => {
    const capture = new TraceCapture();
    capture.add({
      trace: traceOf(message('INVITE a'), message('SIP/2.0 486 a', { atMs: 30.25, direction: 'received' })),
      trunkTrace: null,
    });
    capture.add({ trace: traceOf(message('INVITE ü', { atMs: 10, transport: 'tls' })), trunkTrace: null });
    expect(await packetsOf(capture.bytes(START_MS)!)).toEqual([
      { atMs: 0, version: 4, ports: [5060, 5070], text: 'INVITE a' },
      { atMs: 10, version: 4, ports: [5060, 5070], text: 'INVITE ü' },
      { atMs: 30.25, version: 4, ports: [5070, 5060], text: 'SIP/2.0 486 a' },
    ]);
  });

  it('are there once of a call that both sides traced, and of one that the trunk alone did', async () => {
    const capture = new TraceCapture();
    const [near, far] = [traceOf(message('near')), traceOf(message('far', { atMs: 1 }))];
    capture.add({ trace: near, trunkTrace: far });
    capture.add({ trace: null, trunkTrace: far });
    capture.add({ trace: null, trunkTrace: null });
    expect((await packetsOf(capture.bytes(START_MS)!)).map(({ text }) => text)).toEqual(['near', 'far']);
  });

  it('may be over IPv6, and too long for a datagram', async () => {
    const capture = new TraceCapture();
    const ipv6 = { local: '[::1]:5060', remote: '[2001:db8::7]:5070' };
    capture.add({
      trace: traceOf(message('x'.repeat(70_000)), message('six', { atMs: 1, ...ipv6 })),
      trunkTrace: null,
    });
    const [long, six] = await packetsOf(capture.bytes(START_MS)!);
    expect([long.text.length, six]).toEqual([65_507, { atMs: 1, version: 6, ports: [5060, 5070], text: 'six' }]);
  });

  it('make no file where there is none, or where nobody knows from where to where they went', () => {
    const capture = new TraceCapture();
    expect(capture.bytes(START_MS)).toBeNull();
    capture.add({
      trace: traceOf(message('x', { remote: '[::1]:5060' }), message('x', { local: 'name:5060' })),
      trunkTrace: null,
    });
    expect(capture.bytes(START_MS)).toBeNull();
  });
});
