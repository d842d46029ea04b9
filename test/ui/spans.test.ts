import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { areaChart, bandBars, bar, level } from '../../src/ui/bars.js';
import { clip, field, fields, fitLine, lineWidth, rule, span } from '../../src/ui/spans.js';

describe('lines of the screen', () => {
  test('fit any width exactly, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 6 }),
        fc.integer({ min: 0, max: 60 }),
        (texts, width) => {
          expect(
            lineWidth(
              fitLine(
                texts.map((t) => span(t)),
                width,
              ),
            ),
          ).toBe(width);
        },
      ),
    );
  });

  test('drop whole fields, those with the highest rank first, and never a part of a figure', () => {
    const list = [field('a', '1,000', 0), field('b', '2,000', 2), field('c', '3,000', 1)];
    const text = (width: number) =>
      fields(list, width)
        .map((s) => s.text)
        .join('');
    expect(text(25)).toBe('a 1,000  b 2,000  c 3,000');
    expect(text(24).trim()).toBe('a 1,000  c 3,000');
    expect(text(15).trim()).toBe('a 1,000');
  });

  test('a cut text ends in an ellipsis and does not split a wide character', () => {
    expect(clip('abcdef', 4)).toBe('abc…');
    expect(clip('漢字漢字', 4)).toBe('漢…');
    expect(clip('abc', 3)).toBe('abc');
  });

  test('a rule is as wide as asked for at any width', () => {
    for (let width = 1; width < 40; width++) expect(lineWidth(rule('TRUNK', width, [span('100 of 100')]))).toBe(width);
  });
});

describe('bars', () => {
  const text = (line: readonly { text: string }[]) => line.map((s) => s.text).join('');

  test('are as wide as asked for, and what is more than nothing shows', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 2, noNaN: true }), fc.integer({ min: 1, max: 80 }), (ratio, width) => {
        expect(text(bar(ratio, width, 'good'))).toHaveLength(width);
      }),
    );
    expect(text(bar(0, 4, 'good'))).toBe('░░░░');
    expect(text(bar(0.0001, 4, 'good'))).toBe('▏░░░');
    expect(text(bar(0.5, 4, 'good'))).toBe('██░░');
    expect(text(bar(7, 4, 'good'))).toBe('████');
  });

  test('a MOS band without calls is a dot, one with few calls the lowest bar', () => {
    expect(text(bandBars([0, 1, 1000], 1))).toBe('·▁█');
    expect(level(0)).toBe(' ');
  });

  test('a chart leaves out what was not measured and marks zero by a line at its foot', () => {
    const chart = areaChart([null, 0, 1, 2], 2, 2, () => 'good').map(text);
    expect(chart).toEqual(['   █', ' ▁██']);
  });
});
