import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_MESSAGE_BYTES, MessageSplitter } from '../../../src/relay/ng/message-splitter.js';

/** Messages that come out of a stream, and whether it stayed within the protocol. */
function split(pieces: readonly (string | Buffer)[]): {
  messages: string[];
  isOfProtocol: boolean;
  splitter: MessageSplitter;
} {
  const splitter = new MessageSplitter();
  const messages: string[] = [];
  const isOfProtocol = pieces.every((piece) =>
    splitter.take(Buffer.from(piece), (message) => messages.push(message.toString('latin1'))),
  );
  return { messages, isOfProtocol, splitter };
}

describe('messages of the ng protocol in a stream', () => {
  const stream = ['1_a d7:command4:pinge', 'b d1:ad1:bl1:xeee', '9 d1:a4:e   e'];

  it('come out one by one, however they are cut', () => {
    const bytes = stream.join('');
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(bytes.length)), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = at.slice(1).map((end, i) => bytes.slice(at[i], end));
        const { messages, isOfProtocol, splitter } = split(pieces);
        expect(messages).toEqual(stream);
        expect(isOfProtocol).toBe(true);
        expect(splitter.isWithin).toBe(false);
      }),
    );
  });

  it('may have line ends between them', () => {
    expect(split([`${stream[0]}\n${stream[1]}\r\n`]).messages).toEqual(stream.slice(0, 2));
  });

  it('are waited for while one is not whole', () => {
    const { messages, isOfProtocol, splitter } = split([stream[0], stream[1].slice(0, -1)]);
    expect(messages).toEqual([stream[0]]);
    expect([isOfProtocol, splitter.isWithin]).toEqual([true, true]);
  });

  it.each([
    ['no cookie', ' d1:a1:be'],
    ['a cookie without end', 'x'.repeat(300)],
    ['no dictionary', 'a i3e'],
    ['a text that is too long', `a d1:a${MAX_MESSAGE_BYTES}:`],
    ['something else', 'GET / HTTP/1.1\r\n\r\n'],
  ])('end a stream with %s', (_, text) => {
    expect(split([text]).isOfProtocol).toBe(false);
  });
});
