import type { Percentiles } from '../metrics/percentiles.js';
import type { InboundSummary, Summary } from '../metrics/summary.js';
import { count, decimal, percent, printable } from './format.js';

/** What those who call did, in lines of name and value. */
export function inboundFigures(inbound: InboundSummary): [name: string, value: string][][] {
  const { machine } = inbound;
  const dealt = Object.entries(inbound.dealt).map(([name, n]): [string, string] => [printable(name), count(n)]);
  return [
    [
      ['received', count(inbound.received)],
      ['per second', decimal(inbound.receivedCps, 2)],
      ['at most', count(inbound.peakCps)],
      ['refused by us', count(inbound.refused)],
      ['of them late', count(inbound.refusedLate)],
    ],
    ...(dealt.length > 0 ? [dealt] : []),
    [
      ['cancelled', count(inbound.cancelled)],
      ['abandoned', `${count(inbound.abandoned)} (${percent(inbound.abandonedRatio)})`],
      ['not acknowledged', count(inbound.notAcknowledged)],
    ],
    [
      ['hung up by the caller', count(inbound.endedByCaller)],
      ['by us', count(inbound.endedByUs)],
      ...(inbound.heard > 0 ? ([['said nothing to a person', count(inbound.silentCalls)]] as [string, string][]) : []),
    ],
    ...(machine
      ? [
          [
            ['machines', count(machine.calls)],
            ['hung up before the beep', count(machine.hungUp)],
            ['talked over', count(machine.talkedOver)],
            ['messages', count(machine.messages)],
          ] as [string, string][],
        ]
      : []),
  ];
}

/** Times by name; `null` where they were not measured. */
export function inboundTimes(inbound: InboundSummary): [name: string, times: Percentiles | null][] {
  const { machine } = inbound;
  return [
    ['INVITE → CANCEL', inbound.cancelMs],
    ['200 → ACK', inbound.ackMs],
    ['200 → first word', inbound.firstWordMs],
    ...(machine
      ? ([
          ['machine: 200 → BYE', machine.hangUpMs],
          ['machine: talked over', machine.talkOverMs],
          ['machine: beep → word', machine.messageMs],
        ] as [string, Percentiles | null][])
      : []),
  ];
}

/** Who listens to the uplink and to the downlink: we are the caller, or the callee where calls come in. */
export function listeners({ inbound }: Pick<Summary, 'inbound'>): { uplink: string; downlink: string } {
  return inbound ? { uplink: 'caller', downlink: 'callee' } : { uplink: 'callee', downlink: 'caller' };
}
