import type { GateResult, Summary } from '../metrics/summary.js';
import { gateName, gateObserved, gateReason, verdictReason } from './verdict.js';

/** Text for XML content and attributes. Control characters, lone surrogates and non-characters become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\P{Cc}\t\r\n]|\p{Cs}|[\ufffe\uffff]/gu, '\ufffd')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&apos;')
    .replace(/\r/g, '&#13;')
    .replace(/\n/g, '&#10;')
    .replace(/\t/g, '&#9;');
}

/** Each gate a test case. A run that could not go on, is invalid or was interrupted adds an error, so that no CI takes it for a pass. */
export function junitXml(summary: Summary): string {
  const { run, gates, verdict } = summary;
  const seconds = (run.durationMs / 1000).toFixed(3);
  const suite = escapeXml(`trunkstorm.${run.name}`);
  const broken = Boolean(run.failure) || verdict === 'invalid' || verdict === 'interrupted';
  const cases = gates.map((gate) => gateCase(gate, suite));
  const failures = gates.filter((g) => !g.pass).length;
  if (broken) {
    const reason = escapeXml(verdictReason(summary));
    cases.unshift(
      `    <testcase classname="${suite}" name="the run is ${verdict === 'invalid' ? 'valid' : 'complete'}" time="${seconds}">\n      <error type="${run.failure?.code ?? verdict}" message="${reason}">${reason}</error>\n    </testcase>`,
    );
  }
  const counts = `tests="${cases.length}" failures="${failures}" errors="${broken ? 1 : 0}" skipped="0" time="${seconds}"`;
  const properties = [
    ['seed', String(run.seed)],
    ['target', run.target],
    ['version', run.version],
    ['verdict', verdict],
  ].map(([name, value]) => `      <property name="${name}" value="${escapeXml(value)}"/>`);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="trunkstorm" ${counts}>`,
    `  <testsuite name="${suite}" ${counts} timestamp="${escapeXml(run.startedAt)}">`,
    '    <properties>',
    ...properties,
    '    </properties>',
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function gateCase(gate: GateResult, suite: string): string {
  const open = `    <testcase classname="${suite}" name="${escapeXml(gateName(gate))}" time="0"`;
  if (gate.pass) return `${open}/>`;
  const reason = gateReason(gate);
  const message = escapeXml(`${gateObserved(gate)}${reason === '' ? '' : `: ${reason}`}`);
  return `${open}>\n      <failure type="gate" message="${message}">${escapeXml(gateName(gate))}: ${message}</failure>\n    </testcase>`;
}
