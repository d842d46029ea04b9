import { once } from 'node:events';
import { connect } from 'node:net';
import { ManualClock, systemClock } from '../../src/core/clock.js';
import { Rng } from '../../src/core/rng.js';
import { ApplicationPort } from '../../src/drachtio/application-port.js';
import { EmbeddedServer } from '../../src/drachtio/embedded-server.js';
import { encodeFrame } from '../../src/drachtio/frame.js';
import { UserAgent } from '../../src/sip/user-agent.js';
import { METHODS, requestText } from './corpus.js';
import { mutate } from './mutators.js';
import { Failure } from './oracles.js';
import { NO_DNS } from './rig.js';
import { Tap } from './tap.js';

const SECRET = 'fuzz';
/** A refused frame ends its connection, so there are few on each. */
const FRAMES_A_CONNECTION = 5;

/** What applications send: each has the form of `drachtio-srf`'s, and parts that may be anything. */
const FORMS: readonly ((id: string, sip: string) => string)[] = [
  (id) => `${id}|authenticate|${SECRET}|tag,other`,
  (id) => `${id}|authenticate|wrong|`,
  (id) => `${id}|route|invite`,
  (id) => `${id}|remove_route|invite`,
  (id) => `${id}|ping`,
  (id, sip) => `${id}|sip|||undefined\r\n${sip}`,
  (id, sip) => `${id}|sip|||sip:127.0.0.1:9\r\n${sip}`,
  (id, sip) => `${id}|sip|${id}||\r\nSIP/2.0 200 OK\r\n${sip}`,
  (id, sip) => `${id}|sip||call;from-tag=a|\r\n${sip}`,
  (id, sip) =>
    `${id}|proxy|${id}|remainInDialog|fullResponse|followRedirects|simultaneous|1s|2s|sip:127.0.0.1:9\r\n${sip}`,
];

/**
 * Sends mutated frames of drachtio's application protocol over TCP, some of them by whoever knows the secret.
 * Returns how many requests they made the server send. @throws Failure when it breaks, keeps a connection, or does not
 * serve the next application
 */
export async function fuzzFrames(seed: number, count: number): Promise<{ requests: number }> {
  const rng = new Rng(seed);
  const below = (n: number): number => Math.floor(rng.uniform() * n);
  const tap = new Tap();
  tap.install();
  const failures: string[] = [];
  const onCrash = (error: unknown): void => void failures.push(error instanceof Error ? error.stack! : String(error));
  process.on('uncaughtException', onCrash);
  process.on('unhandledRejection', onCrash);
  const clock = new ManualClock(systemClock.now());
  const agent = await UserAgent.open({ address: '127.0.0.1', port: 0, clock, dns: NO_DNS });
  const server = new EmbeddedServer(agent, { secret: SECRET });
  const port = await ApplicationPort.open({ host: '127.0.0.1', port: 0, server });
  const form = (): string => {
    const place = { protocol: 'UDP', here: '127.0.0.1:9', server: '127.0.0.1:9' };
    const names = { callId: `c${below(50)}`, fromTag: 'a', toTag: '', branch: 'z9hG4bKx', cseq: 1 };
    const sip = requestText(METHODS[below(METHODS.length)], 'x', place, names);
    return FORMS[below(FORMS.length)](`m${below(100)}`, sip);
  };
  try {
    for (let sent = 0; sent < count; sent += FRAMES_A_CONNECTION) {
      const frames: Buffer[] = rng.uniform() < 0.7 ? [encodeFrame(`m|authenticate|${SECRET}|`)] : [];
      for (let i = 0; i < FRAMES_A_CONNECTION; i++) {
        const payload = mutate(form(), form(), rng, 90_000);
        const frame = encodeFrame(payload).toString('latin1');
        // Mostly what is framed is broken, now and then the frame itself.
        frames.push(Buffer.from(rng.uniform() < 0.15 ? mutate(frame, frame, rng) : frame, 'latin1'));
      }
      const socket = connect({ host: '127.0.0.1', port: port.local.port });
      socket.on('error', () => {});
      socket.resume();
      socket.end(Buffer.concat(frames));
      await once(socket, 'close');
      if (failures.length > 0)
        throw new Failure(
          failures[0],
          frames.map((frame) => frame.toString('latin1')),
        );
      if (sent % 1000 === 0) {
        clock.advance(700_000);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    }
    await expectService(port.local.port);
    return { requests: tap.requests };
  } finally {
    process.off('uncaughtException', onCrash);
    process.off('unhandledRejection', onCrash);
    await port.close();
    await agent.close();
    tap.remove();
  }
}

/** An application that makes no mistake is served. */
async function expectService(port: number): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  let text = '';
  socket.on('data', (data: Buffer) => {
    text += data.toString('latin1');
  });
  socket.end(Buffer.concat([encodeFrame(`a|authenticate|${SECRET}|`), encodeFrame('b|ping')]));
  await once(socket, 'close');
  if (!/\|response\|a\|OK\|/.test(text) || !/\|response\|b\|OK\|pong/.test(text))
    throw new Failure(`an application is not served any more: ${text}`, []);
}
