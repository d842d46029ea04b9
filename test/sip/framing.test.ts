import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FramingFault, StreamFramer, type StreamLimits } from '../../src/sip/framing.js';

const LIMITS: StreamLimits = { maxMessageBytes: 600, maxHeaderBytes: 300, maxHeaderLines: 10 };

function message(body: string, length: string = `Content-Length: ${body.length}`): string {
  return `MESSAGE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h\r\n${length}\r\n\r\n${body}`;
}

/** What comes out when the parts go in one after the other. */
function cut(parts: readonly string[], limits = LIMITS) {
  const framer = new StreamFramer(limits);
  const frames: string[] = [];
  let emptyLines = 0;
  let fault: FramingFault | null = null;
  const sink = { onFrame: (data: Buffer) => frames.push(data.toString('latin1')), onEmptyLine: () => emptyLines++ };
  for (const part of parts) {
    // The buffer is overwritten at once, as a socket may do with its own.
    const chunk = Buffer.from(part, 'latin1');
    fault ??= framer.push(chunk, sink);
    chunk.fill(0);
  }
  return { frames, emptyLines, fault, unfinished: framer.unfinished };
}

describe('a stream of SIP messages', () => {
  test('is cut into the same messages wherever the network cuts it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 200 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(2000), { maxLength: 12 }),
        (bodies, cuts) => {
          const messages = bodies.map((body) => message(Buffer.from(body).toString('latin1')));
          const stream = messages.join('\r\n\r\n');
          const at = [0, ...cuts.map((cut) => cut % stream.length).sort((a, b) => a - b), stream.length];
          const parts = at.slice(1).map((end, i) => stream.slice(at[i], end));
          const got = cut(parts);
          expect(got.frames).toEqual(messages);
          expect(got.emptyLines).toBe(2 * (messages.length - 1));
          expect(got.fault).toBeNull();
          expect(got.unfinished).toBe(false);
        },
      ),
    );
  });

  test('takes Content-Length in its compact, spaced and folded forms', () => {
    for (const form of ['l: 3', 'CONTENT-LENGTH :3', 'Content-Length:\r\n 3'])
      expect(cut([message('abc', form)]).frames).toEqual([message('abc', form)]);
  });

  test('an empty line begins no message; half a message does', () => {
    expect(cut(['\r\n\r\n'])).toMatchObject({ emptyLines: 2, unfinished: false });
    expect(cut(['\r\n\r\nI'])).toMatchObject({ emptyLines: 2, unfinished: true });
  });

  test.each<[FramingFault, string]>([
    ['no Content-Length', 'MESSAGE sip:a@b SIP/2.0\r\nVia: x\r\n\r\n'],
    ['invalid Content-Length', message('', 'Content-Length: -1')],
    ['invalid Content-Length', message('', 'Content-Length: 1\r\nl: 2')],
    ['invalid Content-Length', message('', 'Content-Length: 99999999999')],
    ['message too large', message('', 'Content-Length: 601')],
    ['headers too large', `MESSAGE sip:a@b SIP/2.0\r\nX: ${'x'.repeat(300)}`],
    ['headers too large', `MESSAGE sip:a@b SIP/2.0\r\nX: ${'x'.repeat(300)}\r\nl: 0\r\n\r\n`],
    ['too many headers', `A sip:a@b SIP/2.0\r\n${'a:\r\n'.repeat(11)}l: 0\r\n\r\n`],
  ])('ends with "%s"', (fault, stream) => {
    expect(cut([stream])).toMatchObject({ frames: [], fault });
    expect(cut([...stream]).fault).toBe(fault);
  });

  test('what came before a fault is delivered', () => {
    expect(cut([message('ok') + message('', 'l: x')])).toMatchObject({
      frames: [message('ok')],
      fault: 'invalid Content-Length',
    });
  });
});
