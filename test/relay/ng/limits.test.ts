import { describe, expect, it } from 'vitest';
import { FakeMedia } from './fake-media.js';
import { audio, NgHarness } from './harness.js';

const offer = (id: number | string, sdp = audio(4000)) => ({ 'call-id': `c${id}`, 'from-tag': 'a', sdp });
const answer = (id: number | string, sdp = audio(5000)) => ({
  'call-id': `c${id}`,
  'from-tag': 'a',
  'to-tag': 'b',
  sdp,
});

describe('calls beyond what there is', () => {
  it('of ports are refused, leave none behind, and others go on when ports come back', async () => {
    const ng = new NgHarness(new FakeMedia(5));
    await ng.sdp('offer', offer(1));
    await ng.sdp('offer', offer(2));
    expect(await ng.ask('offer', offer(3))).toEqual({ result: 'error', 'error-reason': 'Ran out of ports' });
    const two = audio(4000, '192.0.2.1', ['m=audio 4002 RTP/AVP 0']);
    await ng.ask('delete', { 'call-id': 'c2' });
    // The first medium of it would fit.
    expect((await ng.ask('offer', offer(4, `${two}m=audio 4004 RTP/AVP 0\r\n`)))['error-reason']).toBe(
      'Ran out of ports',
    );
    expect([ng.engine.calls.size, ng.media.leased.size]).toEqual([1, 2]);
    await ng.sdp('offer', offer(5));
    expect(ng.engine.calls.ended).toMatchObject({ noPorts: 2, deleted: 1 });
  });

  it('of ports that are bound so far are refused as such, and leave none behind', async () => {
    const ng = new NgHarness();
    ng.media.isBehind = true;
    const refusal = { result: 'error', 'error-reason': 'Ports are still being bound, try again' };
    expect(await ng.ask('offer', offer(1))).toEqual(refusal);
    expect([ng.engine.calls.size, ng.engine.calls.ended.noPorts]).toEqual([0, 0]);
    ng.media.isBehind = false;
    await ng.sdp('offer', offer(1));
  });

  it('of calls are refused by a load limit where the controller knows one', async () => {
    const ng = new NgHarness(new FakeMedia(), undefined, { calls: 1 });
    await ng.sdp('offer', offer(1));
    const limit = 'Parallel session limit reached';
    expect(await ng.ask('offer', offer(2))).toEqual({ result: 'error', 'error-reason': limit });
    expect(await ng.ask('offer', { ...offer(3), supports: ['load limit'] })).toEqual({
      result: 'load limit',
      message: limit,
    });
    await ng.sdp('offer', offer(1));
    expect(ng.engine.calls.ended.refused).toBe(2);
  });

  it('of the relay as well', async () => {
    const ng = new NgHarness(new FakeMedia(100, 1));
    await ng.sdp('offer', offer(1));
    expect((await ng.ask('offer', offer(2)))['error-reason']).toBe('Parallel session limit reached');
    expect([ng.engine.calls.size, ng.media.leased.size]).toEqual([1, 2]);
  });

  it('of branches of one call', async () => {
    const ng = new NgHarness();
    for (let i = 0; i < 64; i++) await ng.sdp('offer', { ...offer(1), 'via-branch': `z${i}` });
    expect((await ng.ask('offer', { ...offer(1), 'via-branch': 'z64' }))['error-reason']).toBe(
      'Invalid dialogue association',
    );
  });
});

describe('calls that last too long', () => {
  it('without an answer come to an end, each counted from its last offer', async () => {
    const ng = new NgHarness(new FakeMedia(), undefined, { offerTimeoutMs: 60_000 });
    await ng.sdp('offer', offer(1));
    await ng.sdp('offer', offer(2));
    ng.clock.advance(40_000);
    await ng.sdp('offer', offer(2));
    ng.clock.advance(30_000);
    await ng.engine.tick();
    expect((await ng.ask('list')).calls).toEqual(['c2']);
    await ng.sdp('answer', answer(2));
    ng.clock.advance(100_000);
    await ng.engine.tick();
    expect(ng.engine.calls.size).toBe(1);
    expect(ng.engine.calls.ended).toMatchObject({ offerTimeout: 1 });
  });

  it('without media come to an end, unless media came again in the meantime', async () => {
    const ng = new NgHarness(new FakeMedia(), undefined, { mediaTimeoutMs: 30_000 });
    for (const id of [1, 2]) {
      await ng.sdp('offer', offer(id));
      await ng.sdp('answer', answer(id));
    }
    ng.clock.advance(40_000);
    const [first, second] = [...ng.media.calls.entries()];
    ng.engine.calls.onSilent(first[0]);
    ng.engine.calls.onSilent(second[0]);
    second[1].lastPacketMs = ng.clock.now() - 100;
    await ng.engine.tick();
    expect((await ng.ask('list')).calls).toEqual(['c2']);
    expect(ng.engine.calls.ended).toMatchObject({ timeout: 1 });
    ng.clock.advance(40_000);
    await ng.engine.tick();
    expect(ng.engine.calls.size).toBe(1);
    ng.engine.calls.onSilent(second[0]);
    await ng.engine.tick();
    expect([ng.engine.calls.size, ng.media.leased.size]).toEqual([0, 0]);
  });

  it('on hold may be silent for longer', async () => {
    const ng = new NgHarness(new FakeMedia(), undefined, { mediaTimeoutMs: 30_000, heldTimeoutMs: 600_000 });
    await ng.sdp('offer', offer(1, audio(4000, '192.0.2.1', ['a=inactive'])));
    await ng.sdp('answer', answer(1, audio(5000, '192.0.2.2', ['a=inactive'])));
    ng.clock.advance(40_000);
    ng.engine.calls.onSilent([...ng.media.calls.keys()][0]);
    await ng.engine.tick();
    expect(ng.engine.calls.size).toBe(1);
    ng.clock.advance(600_000);
    await ng.engine.tick();
    expect(ng.engine.calls.size).toBe(0);
  });

  it('after a delete with a delay end then, unless they are spoken of again', async () => {
    const ng = new NgHarness();
    for (const id of [1, 2]) {
      await ng.sdp('offer', offer(id));
      await ng.sdp('answer', answer(id));
      await ng.ask('delete', { 'call-id': `c${id}`, 'delete-delay': 10 });
    }
    expect(ng.engine.calls.size).toBe(2);
    await ng.sdp('offer', { ...answer(2), sdp: audio(4000) });
    ng.clock.advance(11_000);
    await ng.engine.tick();
    expect((await ng.ask('list')).calls).toEqual(['c2']);
  });
});

describe('a flood', () => {
  it('of answers to remember is forgotten by halves', async () => {
    const ng = new NgHarness();
    for (let i = 0; i < 40_000; i++) ng.engine.take(Buffer.from(`${i} d7:command4:pinge`), '127.0.0.1', () => {});
    expect(ng.engine.counts.messages).toBe(40_000);
    expect(ng.engine.remembered).toBeLessThanOrEqual(16_384);
  });

  it('of long answers is forgotten before it takes much memory', async () => {
    const ng = new NgHarness();
    const long = audio(4000, '192.0.2.1', [`a=x:${'y'.repeat(50_000)}`]);
    for (let i = 0; i < 800; i++) await ng.sdp('offer', { ...offer(1, long), odd: String(i) });
    // Two halves of 16 MB.
    expect(ng.engine.remembered).toBeLessThan(700);
  });

  it('of commands and tags that are made up is bounded, and told in a few words', async () => {
    const ng = new NgHarness();
    for (let i = 0; i < 300; i++) await ng.ask(`made up ${i} \u001b[2J${'x'.repeat(1000)}`);
    const { statistics } = (await ng.ask('statistics')) as never as {
      statistics: { controlstatistics: { proxies: { errorcount: number }[] } };
    };
    expect(statistics.controlstatistics.proxies[0].errorcount).toBe(300);
    for (const note of ng.notes) expect(note).toMatch(/^[\x20-\x7e\ufffd]{1,200}$/);
    await ng.sdp('offer', offer(1));
    for (let i = 0; i < 64; i++) await ng.sdp('answer', { ...answer(1), 'to-tag': `t${i}` });
    expect((await ng.ask('answer', { ...answer(1), 'to-tag': 't64' }))['error-reason']).toBe(
      'Invalid dialogue association',
    );
  });

  it('a fault of the program itself costs the one command', async () => {
    const media = new FakeMedia();
    const ng = new NgHarness(media);
    media.open = () => {
      throw new Error('broken');
    };
    expect(await ng.ask('offer', offer(1))).toEqual({ result: 'error', 'error-reason': 'Internal error' });
    await ng.ask('delete', { 'call-id': 'c1' });
    await new NgHarness().sdp('offer', offer(2));
    media.query = () => Promise.reject(new Error('broken'));
    media.open = FakeMedia.prototype.open;
    await ng.sdp('offer', offer(3));
    expect(await ng.ask('query', { 'call-id': 'c3' })).toEqual({ result: 'error', 'error-reason': 'Internal error' });
    expect(await ng.ask('ping')).toEqual({ result: 'pong' });
  });

  it('of hostile descriptions leaves neither calls nor ports behind', async () => {
    const ng = new NgHarness();
    const hostile = [
      '',
      'v=0',
      '\r\n'.repeat(1000),
      `v=0\r\n${'a=x\r\n'.repeat(5000)}`,
      `v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n${'m=audio 4000 RTP/AVP 0\r\n'.repeat(1000)}`,
      audio(4000).replace('RTP/AVP 0', `RTP/AVP ${'0 '.repeat(5000)}999`),
      audio(4000).replace('m=audio 4000', 'm=audio -1'),
      audio(4000).replace('c=IN IP4 192.0.2.1', 'c=IN IP4 999.1.1.1'),
      audio(4000).replace('c=IN IP4 192.0.2.1', 'c=IN IP6 192.0.2.1'),
      audio(4000).replace('v=0', 'v=0\0'),
      'v=0\r\nv=0\r\n',
    ];
    for (const [i, sdp] of hostile.entries()) {
      const { result } = await ng.ask('offer', offer(i, sdp));
      expect([i, result]).toEqual([i, 'error']);
    }
    expect([ng.engine.calls.size, ng.media.leased.size]).toEqual([0, 0]);
  });
});
