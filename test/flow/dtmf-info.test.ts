import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { infoDigit, readInfo } from '../../src/flow/dtmf-info.js';

fc.configureGlobal({ seed: 20_260_101 });

const relay = (content: string) => readInfo({ payload: [{ type: 'application/dtmf-relay', content }] });
const plain = (content: string) => readInfo({ payload: [{ type: 'Application/DTMF; x=1', content }] });

describe('digits by INFO', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.constantFrom(...'0123456789*#ABCD'), fc.integer({ min: 0, max: 9999 }), (digit, durationMs) => {
        const { headers, body } = infoDigit('info-dtmf-relay', digit, durationMs);
        expect(readInfo({ payload: [{ type: headers['Content-Type'], content: body }] })).toEqual({
          ...{ kind: 'digit', method: 'info-dtmf-relay', digit, durationMs },
        });
        const short = infoDigit('info-dtmf', digit, durationMs);
        expect(readInfo({ payload: [{ type: short.headers['Content-Type'], content: short.body }] })).toEqual({
          ...{ kind: 'digit', method: 'info-dtmf', digit, durationMs: null },
        });
      }),
    );
    expect(infoDigit('info-dtmf-relay', '5', 160).body).toBe('Signal=5\r\nDuration=160\r\n');
  });

  it('are read as other stacks write them', () => {
    const digit = (key: string, durationMs: number | null) => ({
      ...{ kind: 'digit', method: 'info-dtmf-relay', digit: key, durationMs },
    });
    expect(relay('Signal=5\nDuration=160\n')).toEqual(digit('5', 160));
    expect(relay('Signal= 5\r\nDuration= 160')).toEqual(digit('5', 160));
    expect(relay('signal=a\r\n')).toEqual(digit('A', null));
    expect(relay('Duration=100\r\nSignal=10\r\n')).toEqual(digit('*', 100));
    expect(relay('Signal=11\r\nDuration=abc\r\n')).toEqual(digit('#', null));
    expect(plain('#\r\n')).toMatchObject({ digit: '#' });
    expect(plain('15')).toMatchObject({ digit: 'D' });
    const parts = [
      { type: 'text/plain', content: 'x' },
      { type: 'application/dtmf', content: '3' },
    ];
    expect(readInfo({ payload: parts })).toMatchObject({ kind: 'digit', digit: '3' });
  });

  it('are told from events that are no digits, from what has none, and from other bodies', () => {
    for (const flash of ['Signal=16\r\n', 'Signal=!\r\n']) expect(relay(flash)).toEqual({ kind: 'event' });
    for (const none of ['Signal=\r\n', 'Signal=x\r\n', 'Signal=17\r\n', 'Duration=100\r\n', 'Signal=55\r\n'])
      expect(relay(none)).toEqual({ kind: 'malformed' });
    expect(plain('12')).toMatchObject({ digit: 'A' });
    expect(plain('nine')).toEqual({ kind: 'malformed' });
    expect(readInfo({ payload: [{ content: '' }] })).toEqual({ kind: 'empty' });
    expect(readInfo({ payload: [{ type: 'application/media_control+xml', content: '<x/>' }] })).toEqual({
      kind: 'other',
    });
  });
});
