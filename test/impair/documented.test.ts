import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { faultStages } from '../../src/impair/fault-spec.js';
import { impairmentSpec } from '../../src/impair/impairment-spec.js';
import { pipeline } from '../../src/impair/spec.js';
import { sdpFault } from '../../src/sdp/fault-spec.js';

function pageOf(name: string): string {
  return readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
}

/** What a page shows as `{ kind: … }`, as a profile has it. */
function examplesIn(page: string): { kind: string }[] {
  return [...page.matchAll(/`(\{ kind: [^`]*\})`/g)].map(([, text]) => parse(text));
}

describe('the examples of docs', () => {
  const page = pageOf('impairment.md');

  it('have every fault of streams, digits and audio, each as a profile takes it', () => {
    const examples = examplesIn(page);
    const kinds = faultStages.flatMap((stage) => [...stage.shape.kind.values]);
    expect([...new Set(examples.map(({ kind }) => kind))]).toEqual(expect.arrayContaining(kinds));
    expect(pipeline.safeParse(examples).error?.issues ?? []).toEqual([]);
  });

  it('have every fault of descriptions', () => {
    const kinds = sdpFault.options.flatMap((fault) => [...fault.shape.kind.values]);
    const examples = examplesIn(pageOf('profile.md')).filter(({ kind }) => (kinds as string[]).includes(kind));
    expect(new Set(examples.map(({ kind }) => kind))).toEqual(new Set(kinds));
    for (const example of examples) expect(sdpFault.safeParse(example).success, example.kind).toBe(true);
  });

  it('of impairments can be run', () => {
    const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => parse(text));
    const impairments = blocks.flatMap(({ impairment }) => impairment ?? []);
    expect(impairments.length).toBeGreaterThan(0);
    for (const impairment of impairments) expect(impairmentSpec.safeParse(impairment).success).toBe(true);
  });
});
