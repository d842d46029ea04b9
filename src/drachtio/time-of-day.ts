import { systemClock } from '../core/clock.js';

const DAY_MS = 86_400_000;

/** What brings the run's clock to UTC. Taken once: differences between messages then never feel the system's clock set. */
const UTC_OFFSET_MS = performance.timeOrigin + performance.now() - systemClock.now();

let second = -1;
let clockText = '';

/** A moment of the run's clock as UTC time of day with microseconds, as drachtio stamps its messages. */
export function timeOfDay(atMs: number): string {
  const utcMs = atMs + UTC_OFFSET_MS;
  const whole = Math.floor(utcMs / 1000);
  if (whole !== second) {
    second = whole;
    clockText = new Date(whole * 1000).toISOString().slice(11, 19);
  }
  return `${clockText}.${String(Math.floor((utcMs - whole * 1000) * 1000)).padStart(6, '0')}`;
}

/** The same in ms since midnight. */
export function msOfDay(atMs: number): number {
  return (atMs + UTC_OFFSET_MS) % DAY_MS;
}
