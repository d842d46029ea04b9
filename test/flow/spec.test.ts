import { describe, expect, it } from 'vitest';
import { isChosen } from '../../src/flow/chosen.js';
import { identityOf, probeTimes } from '../../src/flow/probing.js';
import { conversationSpec, mediaSpec } from '../../src/flow/spec.js';

describe('comfortNoise', () => {
  it.each(['yes', 13, null])('is refused as %s', (comfortNoise) => {
    const { error } = conversationSpec.safeParse({ comfortNoise });
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['comfortNoise']);
  });

  it('is off unless it is asked for', () => {
    expect(conversationSpec.parse({}).comfortNoise).toBe(false);
  });
});

describe('probe', () => {
  it.each([
    [{ every: '1s' }, 'probe.every'],
    [{ after: 'soon' }, 'probe.after'],
    [{ each: '10s' }, 'probe'],
  ])('is refused as %o at %s', (probe, path) => {
    const { error } = conversationSpec.safeParse({ probe });
    expect(error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
  });

  it('is none unless it is asked for; our own trunk says its markers halfway between the callers’', () => {
    const [calls, trunk] = [conversationSpec.parse({}), conversationSpec.parse({})];
    expect(calls.probe).toBeUndefined();
    expect(probeTimes({ calls, trunk }, 'callee')).toBeNull();
    const probed = conversationSpec.parse({ probe: {} });
    const both = { callerEveryMs: 10_000, calleeEveryMs: 10_000, firstByMs: 7000 };
    const caller = { side: 'caller', after: 2000, every: 10_000, heard: both };
    expect(probeTimes({ calls: probed, trunk }, 'caller')).toEqual(caller);
    expect(probeTimes({ calls: probed, trunk }, 'callee')).toEqual({ ...caller, side: 'callee', after: 7000 });
    const alone = { side: 'callee', after: 2000, every: 10_000, heard: { ...both, firstByMs: 2000 } };
    expect(probeTimes({ calls, trunk: probed }, 'callee')).toEqual(alone);
    expect(probeTimes({ calls, trunk: probed }, 'caller')).toBeNull();
  });

  it('listens for markers of either side at the times of that side', () => {
    const calls = conversationSpec.parse({ probe: { after: '3s', every: '20s' } });
    const trunk = conversationSpec.parse({ probe: { after: '8s', every: '5s' } });
    for (const side of ['caller', 'callee'] as const)
      expect(probeTimes({ calls, trunk }, side)?.heard).toEqual({
        callerEveryMs: 20_000,
        calleeEveryMs: 5000,
        firstByMs: 8000,
      });
  });

  it('has an identity of its own for each side of 256 calls', () => {
    const identities = Array.from({ length: 512 }, (_, i) => identityOf(i % 2 ? 'callee' : 'caller', i >> 1));
    expect(new Set(identities).size).toBe(512);
    expect(identityOf('caller', 256 + 7)).toBe(identityOf('caller', 7));
  });
});

describe('media.codecs', () => {
  it.each([
    [{ PCMU: { ie: 0, bpl: 25.1 } }, 'codecs'],
    [{ G729: { mode: '23.85' } }, 'codecs.G729.mode'],
    // Nobody has published a Bpl of it.
    [{ 'AMR-WB': { mode: '6.6' } }, 'codecs.AMR-WB'],
    [{ G729: { ie: -1, bpl: 19 } }, 'codecs.G729.ie'],
    [{ EVS: { ie: 10, bpl: 0 } }, 'codecs.EVS.bpl'],
    [{ AMR: { ie: 5, bpl: 10, r: 1 } }, 'codecs.AMR'],
  ])('is refused as %o at %s', (codecs, path) => {
    const { error } = mediaSpec.safeParse({ codecs });
    expect(error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
  });

  it('takes mode, Ie and Bpl of codecs', () => {
    const codecs = { 'AMR-WB': { mode: '6.6', bpl: 4.3 }, EVS: { mode: '24.4' }, opus: { ie: 15, bpl: 11 } };
    expect(mediaSpec.parse({ codecs }).codecs).toEqual(codecs);
  });
});

describe('media.levels', () => {
  it.each(['101%', -0.1, 'some'])('is refused as %s', (levels) => {
    const { error } = mediaSpec.safeParse({ levels });
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['levels']);
  });

  it('chooses its share of the calls, evenly spread', () => {
    const { levels } = mediaSpec.parse({ levels: '20%' });
    const chosen = Array.from({ length: 1000 }, (_, id) => id).filter((id) => isChosen(levels, id));
    expect(chosen.length).toBe(200);
    expect(Math.max(...chosen.slice(1).map((id, i) => id - chosen[i]))).toBe(5);
    expect([isChosen(1, 7), isChosen(0, 7)]).toEqual([true, false]);
  });
});
