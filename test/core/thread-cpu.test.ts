import { describe, expect, it } from 'vitest';
import { threadCpuMs } from '../../src/core/thread-cpu.js';

describe.runIf(process.platform === 'linux')('the CPU time of a thread', () => {
  it('grows with the work done and stays within that of the process', () => {
    const before = threadCpuMs()!;
    let work = 0;
    while (threadCpuMs()! - before < 30) for (let i = 0; i < 1e5; i++) work += Math.sqrt(i);
    expect(work).toBeGreaterThan(0);
    const { user, system } = process.cpuUsage();
    // Both are kept in steps of 10 ms.
    expect(threadCpuMs()!).toBeLessThanOrEqual((user + system) / 1000 + 20);
  });
});
