import { LinearHistogram } from '../core/linear-histogram.js';
import type { MediaHealth } from '../media/link/messages.js';
import { type Lateness, LIMITS, type Strain } from '../metrics/validity.js';

interface ThreadLoad {
  lastCpuMs: number;
  lastMs: number;
  firstCpuMs: number;
  firstMs: number;
  ratio: number;
  maxRatio: number;
  saturatedMs: number;
  longestSaturatedMs: number;
}

/** Of fewer the 99th percentile is but a few packets. */
const LEAST_PACKETS = 1000;

/** Watches how hard the generator itself works: CPU of each thread, pacing error, receive drops, event-loop delay. */
export class StrainMonitor {
  private readonly threads = new Map<string, ThreadLoad>();
  private readonly health = new Map<string, MediaHealth>();
  /** What the media threads said last, and before the restart. */
  private readonly latest = new Map<string, MediaHealth>();
  private readonly before = new Map<string, MediaHealth>();
  private readonly loopDelays = new Map<string, Lateness>();

  /** Takes a thread's CPU time; figures cover at least a second each. */
  cpu(name: string, cpuMs: number | null, nowMs: number): void {
    if (cpuMs === null) return;
    const load = this.threads.get(name);
    if (!load) {
      this.threads.set(name, {
        lastCpuMs: cpuMs,
        lastMs: nowMs,
        firstCpuMs: cpuMs,
        firstMs: nowMs,
        ratio: 0,
        maxRatio: 0,
        saturatedMs: 0,
        longestSaturatedMs: 0,
      });
      return;
    }
    const elapsed = nowMs - load.lastMs;
    if (elapsed < 900) return;
    load.ratio = Math.min(1, (cpuMs - load.lastCpuMs) / elapsed);
    load.maxRatio = Math.max(load.maxRatio, load.ratio);
    load.saturatedMs = load.ratio >= LIMITS.saturatedRatio ? load.saturatedMs + elapsed : 0;
    load.longestSaturatedMs = Math.max(load.longestSaturatedMs, load.saturatedMs);
    load.lastCpuMs = cpuMs;
    load.lastMs = nowMs;
  }

  media(name: string, health: MediaHealth): void {
    this.latest.set(name, health);
    const before = this.before.get(name);
    this.health.set(name, before ? since(before, health) : health);
  }

  /** Forgets what was until now. */
  restart(): void {
    for (const [name, health] of this.latest) {
      this.before.set(name, health);
      this.health.set(name, since(health, health));
    }
    this.loopDelays.clear();
    for (const load of this.threads.values()) {
      load.saturatedMs = 0;
      load.longestSaturatedMs = 0;
    }
  }

  loopDelay(name: string, delay: Lateness | null): void {
    if (delay) this.loopDelays.set(name, delay);
  }

  threadLoads(): { name: string; cpuRatio: number; cpuMeanRatio: number; cpuMaxRatio: number }[] {
    return [...this.threads].map(([name, t]) => ({
      name,
      cpuRatio: t.ratio,
      cpuMeanRatio: t.lastMs > t.firstMs ? (t.lastCpuMs - t.firstCpuMs) / (t.lastMs - t.firstMs) : 0,
      cpuMaxRatio: t.maxRatio,
    }));
  }

  /** How far behind its deadline each packet left, over all media threads; `null` when none was sent. */
  pacingErrorMs(): { p50: number; p99: number; max: number } | null {
    return pacingOf([...this.health.values()].map((health) => health.pacingErrorMs));
  }

  receiveDrops(): number | null {
    return this.health.size === 0 ? null : [...this.health.values()].reduce((sum, h) => sum + h.receiveDrops, 0);
  }

  eventLoopDelayMs(): { p99: number; max: number } | null {
    const delays = [...this.loopDelays.values()];
    return delays.length === 0
      ? null
      : { p99: Math.max(...delays.map((d) => d.p99)), max: Math.max(...delays.map((d) => d.max)) };
  }

  strain(notStarted: number, planned: number): Strain {
    return {
      receiveDrops: this.receiveDrops(),
      pacingErrorP99Ms: this.pacingErrorMs()?.p99 ?? null,
      mediaThreads: [...this.health].map(([name, { receiveDrops, pacingErrorMs }]) => ({
        name: `${name} media`,
        receiveDrops,
        pacingErrorMs: latenessOf(pacingErrorMs),
      })),
      signallingThreads: [...this.loopDelays].map(([name, eventLoopDelayMs]) => ({
        name: `${name} signalling`,
        eventLoopDelayMs,
      })),
      saturatedMs: [...this.threads].map(([name, t]) => ({ name, ms: t.longestSaturatedMs })),
      eventLoopDelayP99Ms: this.eventLoopDelayMs()?.p99 ?? null,
      notStarted,
      planned,
    };
  }
}

/** What came between two reports of a media thread. */
function since(before: MediaHealth, health: MediaHealth): MediaHealth {
  const { bucketWidth, count, max } = health.pacingErrorMs;
  const counts = health.pacingErrorMs.counts.map((n, i) => n - before.pacingErrorMs.counts[i]);
  const last = counts.findLastIndex((n) => n > 0);
  // The last bucket holds all that is later: the worst of it may be that of before.
  const worst = last === counts.length - 1 ? max : Math.min(max, (last + 1) * bucketWidth);
  return {
    ...health,
    receiveDrops: health.receiveDrops - before.receiveDrops,
    pacingErrorMs: { bucketWidth, counts, count: count - before.pacingErrorMs.count, max: worst },
  };
}

function pacingOf(histograms: MediaHealth['pacingErrorMs'][]): { p50: number; p99: number; max: number } | null {
  const filled = histograms.filter(({ count }) => count > 0);
  if (filled.length === 0) return null;
  const merged = new LinearHistogram(filled[0].bucketWidth, filled[0].counts.length);
  for (const histogram of filled) merged.merge(histogram);
  return { p50: merged.quantile(0.5)!, p99: merged.quantile(0.99)!, max: merged.max };
}

function latenessOf(histogram: MediaHealth['pacingErrorMs']): Lateness | null {
  const pacing = pacingOf([histogram]);
  return pacing && { p99: pacing.p99, max: pacing.max, isBrief: histogram.count < LEAST_PACKETS };
}
