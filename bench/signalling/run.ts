/**
 * Signalling alone, no media: INVITE/180/200/ACK/BYE/200 at a stated rate against SIPp's callee, by srf and the embedded
 * server in this process and by SIPp's caller beside it.
 *
 * Usage: npm run bench:signalling [-- <calls per second> <seconds>]
 */
import { connectEmbedded } from '../../dist/drachtio/connect.js';
import { runSippUac, startSippUas } from './sipp.js';

const rate = Number(process.argv[2] ?? 2000);
const seconds = Number(process.argv[3] ?? 8);
const calls = rate * seconds;
/** As the swarm does: more starts in a turn of the event loop would keep it from reading what comes. */
const STARTS_A_TURN = 16;
const SDP = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';

interface Outcome {
  callsPerS: number;
  cpuUsPerCall: number;
  failed: number;
  retransmissions: number;
}

async function ours(): Promise<Outcome & { lateMs: number }> {
  const uas = await startSippUas();
  const connection = await connectEmbedded({
    address: '127.0.0.1',
    port: 0,
    onFatal: (error) => {
      throw error;
    },
  });
  const target = `sip:service@127.0.0.1:${uas.port}`;
  let lateMs = 0;
  const place = (count: number): Promise<number> =>
    new Promise((resolve) => {
      let started = 0;
      let done = 0;
      let failed = 0;
      const begin = performance.now();
      const finish = (ok: boolean): void => {
        if (!ok) failed++;
        if (++done === count) resolve(failed);
      };
      const call = (): void => {
        connection.srf.createUAC(target, { localSdp: SDP, callingNumber: '42' }, {}, (error, dialog) => {
          if (error || !dialog) finish(false);
          else dialog.destroy({}, (byeError) => finish(!byeError));
        });
      };
      const pace = (): void => {
        const now = performance.now() - begin;
        const due = Math.min(count, Math.floor((now * rate) / 1000) + 1);
        if (started < due) lateMs = Math.max(lateMs, now - (started * 1000) / rate);
        for (let n = 0; started < due && n < STARTS_A_TURN; n++) {
          started++;
          call();
        }
        if (started < due) setImmediate(pace);
        else if (started < count) setTimeout(pace, 1);
      };
      pace();
      // Longer than any timer of RFC 3261: whatever has no result by then is lost.
      setTimeout(() => resolve(failed + count - done), (count / rate) * 1000 + 40_000).unref();
    });
  // The compiler warms up first; SIPp was compiled long ago.
  await place(rate * 2);
  lateMs = 0;
  const retransmittedBefore = connection.stats()!.retransmissionsSent;
  const cpuBefore = process.cpuUsage();
  const begin = performance.now();
  const failed = await place(calls);
  const elapsedMs = performance.now() - begin;
  const cpu = process.cpuUsage(cpuBefore);
  const retransmissions = connection.stats()!.retransmissionsSent - retransmittedBefore;
  await connection.close();
  await uas.stop();
  return {
    callsPerS: (calls * 1000) / elapsedMs,
    cpuUsPerCall: (cpu.user + cpu.system) / calls,
    failed,
    retransmissions,
    lateMs,
  };
}

async function sipp(): Promise<Outcome> {
  const uas = await startSippUas();
  const result = await runSippUac(uas.port, calls, rate);
  await uas.stop();
  return {
    callsPerS: ((result.successful + result.failed) * 1000) / result.elapsedMs,
    cpuUsPerCall: (result.cpuMs * 1000) / calls,
    failed: result.failed,
    retransmissions: result.retransmissions,
  };
}

function print(name: string, outcome: Outcome, note = ''): void {
  const { callsPerS, cpuUsPerCall, failed, retransmissions } = outcome;
  console.log(
    `${name.padEnd(28)} ${callsPerS.toFixed(0).padStart(6)} calls/s  ${cpuUsPerCall.toFixed(1).padStart(6)} µs CPU/call  ` +
      `${failed} failed  ${retransmissions} retransmissions${note}`,
  );
}

console.log(`${calls} calls at ${rate}/s, INVITE/180/200/ACK/BYE/200 over UDP on loopback, callee: SIPp`);
const own = await ours();
print('srf + embedded server', own, `  latest start ${own.lateMs.toFixed(1)} ms behind plan`);
const peer = await sipp();
print('SIPp uac', peer);
console.log(`ratio of CPU per call to SIPp: ${(own.cpuUsPerCall / peer.cpuUsPerCall).toFixed(2)}`);
