import { describe, expect, it } from 'vitest';
import { pipelinesOf } from '../../src/impair/compose.js';
import { type ImpairmentSpec, impairmentSpec } from '../../src/impair/impairment-spec.js';
import { networkOf } from '../../src/impair/networks.js';
import { isSelected } from '../../src/impair/selection.js';
import type { TimelineStage } from '../../src/impair/spec.js';

function read(written: object): ImpairmentSpec {
  return impairmentSpec.parse(written);
}

function refusal(written: object): string {
  return (
    impairmentSpec
      .safeParse(written)
      .error?.issues.map(({ message }) => message)
      .join('; ') ?? 'taken'
  );
}

describe('what a path does', () => {
  it('are the stages written, then those of the network, then the timeline', () => {
    const { uplink, downlink } = pipelinesOf(
      read({
        network: 'lte-poor',
        uplink: [{ kind: 'drop-events' }],
        timeline: [
          { for: '10s', network: 'clean' },
          { for: '20s', network: 'busy-wifi', downlink: [{ kind: 'silence' }] },
          { for: '2s', outage: null },
          { for: '1s', uplink: [{ kind: 'gain', db: 3 }] },
          { for: '1s' },
          { for: '1s', name: 'tunnel', outage: true },
        ],
      }),
    );
    const lte = networkOf('lte-poor');
    expect(uplink.slice(0, -1)).toEqual([{ kind: 'drop-events', ratio: 1 }, ...lte.uplink]);
    expect(downlink.slice(0, -1)).toEqual(lte.downlink);
    const [up, down] = [uplink.at(-1), downlink.at(-1)] as TimelineStage[];
    expect(up.phases.map((phase) => [phase.name, phase.for])).toEqual([
      ['clean', 10_000],
      ['busy-wifi', 20_000],
      ['outage', 2000],
      ['faults', 1000],
      ['clean', 1000],
      ['tunnel', 1000],
    ]);
    expect(down.phases[1].stages).toEqual([{ kind: 'silence' }, ...networkOf('busy-wifi').downlink]);
    for (const phase of [up.phases[2], down.phases[2], up.phases[5]])
      expect(phase.stages).toEqual([{ kind: 'loss', ratio: 1, burst: 1 }]);
    expect(up.repeat).toBe(false);
  });

  it('is nothing where nothing is written', () => {
    expect(pipelinesOf(read({}))).toEqual({ uplink: [], downlink: [] });
  });

  it('is refused where it names a network that there is not, a phase without length, or what cannot be done', () => {
    expect(refusal({ network: 'moon' })).toContain('lte-poor');
    expect(refusal({ timeline: [{ for: 0 }] })).toContain('longer than 0');
    expect(refusal({ timeline: [] })).not.toBe('taken');
    expect(refusal({ timeline: [{ for: '1s', outage: false }] })).not.toBe('taken');
    expect(refusal({ timeline: [{ for: '1s', downlink: [{ kind: 'noise' }] }] })).toContain('either `snr` or `level`');
    expect(refusal({ uplink: [{ kind: 'loss', ratio: '80%', burst: 2 }] })).toContain('at least 4');
    expect(refusal({ select: { every: 0 } })).not.toBe('taken');
    expect(refusal({ repeat: true })).toContain('no `timeline` to begin again');
  });
});

describe('the selection of calls', () => {
  const call = (id: number, more: object = {}) => ({
    id,
    from: '1000',
    to: '+4989123',
    trunk: 'sip:a.example',
    ...more,
  });
  const chosen = (selection: object, count = 100): number[] =>
    Array.from({ length: count }, (_, id) => id).filter((id) =>
      isSelected(read({ select: selection }).select, call(id)),
    );

  it('is all calls without one', () => {
    expect(isSelected(undefined, call(7))).toBe(true);
    expect(chosen({})).toHaveLength(100);
  });

  it('takes a share, evenly spread and exact', () => {
    expect(chosen({ share: '25%' }, 16)).toEqual([3, 7, 11, 15]);
    expect(chosen({ share: 0.33 })).toHaveLength(33);
    expect(chosen({ share: 0 })).toEqual([]);
    expect(chosen({ share: 1 })).toHaveLength(100);
  });

  it('takes every n-th, the first included', () => {
    expect(chosen({ every: 3 }, 10)).toEqual([0, 3, 6, 9]);
  });

  it('takes calls by numbers and trunk, where nothing but * and ? has a meaning', () => {
    const is = (select: object, more: object = {}): boolean => isSelected(read({ select }).select, call(0, more));
    expect(is({ to: '+4989*' })).toBe(true);
    expect(is({ to: '+4989' })).toBe(false);
    expect(is({ to: '+4989???' })).toBe(true);
    expect(is({ to: '.4989*' })).toBe(false);
    expect(is({ from: '1*', to: '*123', trunk: 'sip:a.*' })).toBe(true);
    expect(is({ from: '2*', to: '*123' })).toBe(false);
    expect(is({ trunk: 'sip:a.example' }, { trunk: 'sip:aXexample' })).toBe(false);
  });
});
