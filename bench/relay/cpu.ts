import { readFileSync } from 'node:fs';

/** CPU time of a process and all its threads so far, in ms (fields 14 and 15 of proc_pid_stat(5), 100 ticks a second). */
export function cpuMsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
