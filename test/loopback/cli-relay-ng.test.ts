import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { bencode, readBencoded } from '../interop/bencode.js';
import { audio } from '../relay/ng/harness.js';
import { Cli, cli, Scratch } from '../support/cli.js';
import { FarEnd, talk } from '../support/far-ends.js';
import { closedPort, until } from './sip-harness.js';

const scratch = new Scratch();

const run = (...args: string[]) => cli(['relay', ...args], scratch.path);

describe('trunkstorm relay --ng', () => {
  it.each([
    [['--ng', 'localhost:22222'], 'an address of this machine and a port'],
    [['--ng', '0.0.0.0:22222'], 'an --interface beside it'],
    [['--ng', '127.0.0.1:22222', '--interface', 'inside/nowhere'], '[NAME/]ADDRESS[!ADVERTISED]'],
    [['--ng', '127.0.0.1:22222', '--static', '127.0.0.1:4000,127.0.0.1:5000'], '--static and --ng'],
  ])('with %j says what it expects', async (args, expected) => {
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(expected)]);
  });

  it('whose control port is taken says so and ends with 3', async () => {
    const taken = createSocket('udp4').bind(0, '127.0.0.1');
    await once(taken, 'listening');
    const place = `127.0.0.1:${taken.address().port}`;
    const { code, stderr } = await run('--ng', place, '--rtp-ports', '43100-43119');
    taken.close();
    expect(code).toBe(3);
    expect(stderr).toContain('The ng control port is taken');
    expect(stderr).toContain(`UDP ${place}`);
  });

  it('relays a call that is still up when it is interrupted, and tells what it did', async () => {
    const port = await closedPort();
    scratch.write('lossy.yaml', 'impairment: { uplink: [{ kind: periodic-loss, every: 2 }] }\n');
    const args = ['--ng', `127.0.0.1:${port}`, '--interface', 'lo/127.0.0.1', '--impairment', 'lossy.yaml'];
    const relay = Cli.start(['relay', ...args, '--rtp-ports', '43120-43159', '--json'], scratch.path);
    await relay.says(`ng 127.0.0.1:${port}`);
    const controller = createSocket('udp4');
    const command = async (cookie: string, parameters: object): Promise<string> => {
      controller.send(`${cookie} ${bencode(parameters as never)}`, port, '127.0.0.1');
      const [answer] = (await once(controller, 'message')) as [Buffer];
      const { result, sdp } = readBencoded(answer.subarray(cookie.length + 1)) as Record<string, string>;
      expect(result).toBe('ok');
      return /^m=audio (\d+)/m.exec(sdp)![1];
    };
    const [a, b] = [await FarEnd.open(0, 1), await FarEnd.open(0, 2)];
    const call = { 'call-id': 'c', 'from-tag': 'a', flags: ['odd flag'], direction: ['lo', 'lo'] };
    await command('1', { command: 'offer', ...call, sdp: audio(a.port, '127.0.0.1') });
    const toA = await command('2', { command: 'answer', ...call, 'to-tag': 'b', sdp: audio(b.port, '127.0.0.1') });
    await talk(20, { end: a, to: Number(toA) });
    await until(() => b.came.length === 10);
    relay.child.kill('SIGINT');
    expect(await relay.ended).toBe(0);
    for (const socket of [a, b, controller]) socket.close();
    const { calls, media, door } = JSON.parse(relay.stdout) as Record<string, Record<string, object>>;
    expect(calls).toEqual({ opened: 1, peak: 1, refused: 0, timedOut: 0 });
    expect(media.directions).toMatchObject({ aToB: { received: 20, sent: 10, dropped: 10 } });
    expect(door).toMatchObject({ control: { messages: 2, errors: 0 }, calls: { deleted: 1 } });
    expect(relay.stderr).toContain('ng: ignored, as it has no effect here: odd flag');
  });
});
