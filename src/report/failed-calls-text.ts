import { printable } from './format.js';
import { ladderLines } from './ladder.js';
import type { WorstCalls } from './worst-calls.js';

const MOST_CALLS = 5;

/** A failed call of each kind with its SIP messages, a blank line before each; `''` where no record carries them. */
export function failedCallsText(worst: WorstCalls): string {
  let text = '';
  const told = new Set<string>();
  for (const { id, problem, callId, ladder } of worst.failed) {
    if (ladder === null || told.has(problem) || told.size === MOST_CALLS) continue;
    told.add(problem);
    const side = ladder.side === 'trunk' ? ' (at the trunk)' : '';
    text += `\n#${id}  ${printable(problem)}\n  ${ladder.towards}${side}  ${printable(callId)}\n`;
    for (const line of ladderLines(ladder)) text += `${line}\n`;
  }
  return text === '' ? '' : `\nFAILED CALLS\n${text}`;
}
