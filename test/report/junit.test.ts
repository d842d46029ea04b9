import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeXml, junitXml } from '../../src/report/junit.js';
import { demoSummary } from '../fixtures/run.js';
import { parseXml } from './xml.js';

/** Texts of any code points, half of them ASCII. fast-check's own `binary` takes a second to build its tables. */
const codePoint = fc.oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0x10ffff }));
const anyText = fc.string({ unit: codePoint.map((code) => String.fromCodePoint(code)) });

function suite(xml: string) {
  const root = parseXml(xml);
  expect(root.name).toBe('testsuites');
  return root.children[0];
}

const casesOf = (xml: string) => suite(xml).children.filter((c) => c.name === 'testcase');

describe('junit.xml', () => {
  test('has a test case for each gate, and a failure with the observed value for each that did not pass', () => {
    const cases = casesOf(junitXml(demoSummary()));
    expect(cases.map((c) => c.attributes.name)).toEqual(demoSummary().gates.map((g) => g.expression));
    expect(cases.map((c) => c.children[0]?.attributes.message ?? 'pass')).toEqual([
      'observed 25.7%',
      'pass',
      'pass',
      'not measured',
      'pass',
    ]);
    expect(suite(junitXml(demoSummary())).attributes).toMatchObject({ tests: '5', failures: '2', errors: '0' });
  });

  test('an invalid run is an error that says why, even when every gate passed', () => {
    const summary = demoSummary();
    summary.verdict = 'invalid';
    summary.run.valid = false;
    summary.run.invalidReasons = [{ reason: 'receive-drops', observed: 'own receive drops 312', limit: '0' }];
    summary.gates = summary.gates.filter((g) => g.pass);
    const [first] = casesOf(junitXml(summary));
    expect(first.children[0].name).toBe('error');
    expect(first.children[0].attributes.message).toContain('own receive drops 312 (limit 0)');
    expect(suite(junitXml(summary)).attributes).toMatchObject({ tests: '4', failures: '0', errors: '1' });
  });

  test('an interrupted run without gates is still an error', () => {
    const cases = casesOf(junitXml({ ...demoSummary(), gates: [], verdict: 'interrupted' }));
    expect(cases).toHaveLength(1);
    expect(cases[0].children[0].name).toBe('error');
  });

  test('stays well-formed whatever names and values contain', () => {
    fc.assert(
      fc.property(anyText, anyText, (name, value) => {
        const summary = demoSummary();
        summary.run.name = name;
        summary.gates = [{ expression: value, observed: value, pass: false, reason: `<&"']]>${value}` }];
        expect(casesOf(junitXml(summary))).toHaveLength(1);
      }),
    );
  });

  test('escaping keeps every character that XML can hold', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(parseXml(`<a b="${escapeXml(text)}"/>`).attributes.b).toBe(
          text.replace(/[^\P{Cc}\t\r\n]|\p{Cs}|[\ufffe\uffff]/gu, '\ufffd'),
        );
      }),
    );
    expect(escapeXml('\u0000\u001b\ud800')).toBe('\ufffd\ufffd\ufffd');
  });
});
