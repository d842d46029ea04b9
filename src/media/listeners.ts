import type { Listener } from '../quality/played-audio.js';
import type { SessionSpec } from './link/messages.js';

/** Who listens to the received audio of a call: each kind is asked for by a field of its `SessionSpec`. */
export function openListeners(_spec: SessionSpec): Listener[] {
  return [];
}
