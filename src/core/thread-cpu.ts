import { readFileSync } from 'node:fs';

/** Kernel clock ticks a second in /proc (USER_HZ), 100 on every Linux platform that Node runs on. */
const TICKS_PER_SECOND = 100;

/**
 * CPU time of the calling thread since its start in ms, in steps of 10 ms: user plus system time of
 * `/proc/thread-self/stat` (fields 14 and 15 of proc_pid_stat(5)). `null` where there is no such file.
 */
export function threadCpuMs(): number | null {
  let text: string;
  try {
    text = readFileSync('/proc/thread-self/stat', 'latin1');
  } catch {
    return null;
  }
  // The name in field 2 may hold spaces and parentheses; the fields after its last parenthesis are plain.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? (ticks * 1000) / TICKS_PER_SECOND : null;
}
