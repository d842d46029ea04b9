import type { Sound } from '../audio/sound.js';
import type { Said } from '../media/sayings.js';
import type { CallScope } from './call-scope.js';
import type { MachineSpec } from './machine-spec.js';

const GREETING = 'machine greeting';
const BEEP = 'machine beep';

/** What an answering machine says, as sounds of the media thread. */
export function machineSounds({ greeting, length, beep, beepFor }: MachineSpec): Record<string, Sound> {
  return {
    [GREETING]: { audio: greeting, seconds: length / 1000, once: true },
    [BEEP]: { audio: `tone:${beep}`, seconds: beepFor / 1000, once: true },
  };
}

/**
 * Says the greeting and the beep of an answering machine, from the answer on; a call that ends meanwhile hears no more.
 * @param told when the greeting begins, and when the whole beep was said, in ms of the machine's clock
 */
export function greetAsMachine(
  { after, pause }: Pick<MachineSpec, 'after' | 'pause'>,
  scope: CallScope,
  say: (sound: string) => Promise<Said | null>,
  told: { onGreeting(): void; onBeep(endMs: number): void },
): void {
  const beep = (): void =>
    void say(BEEP).then((said) => {
      if (said?.whole) told.onBeep(said.endMs);
    });
  scope.after(after, () => {
    told.onGreeting();
    void say(GREETING).then((said) => {
      if (said?.whole) scope.after(pause, beep);
    });
  });
}
