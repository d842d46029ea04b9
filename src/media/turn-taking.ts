import { Rng } from '../core/rng.js';
import type { Listener } from '../quality/played-audio.js';
import { Agent } from '../voice/agent.js';
import { Caller } from '../voice/caller.js';
import { SpeechDetector, type ToneBurst } from '../voice/speech-detector.js';
import type { Mouth, Talker, TalkReport } from '../voice/talker.js';
import { nameTones } from '../voice/tones.js';
import type { Span } from '../voice/turns.js';
import type { SessionSpec } from './link/messages.js';

/** Spans and tones that are kept of a call: hours of talk. */
const MOST_KEPT = 5000;

/** One end of a call that takes turns: it listens for speech, and speaks by its script. */
export class TurnTaking implements Listener {
  readonly talker: Talker;
  private readonly caller: Caller | null = null;
  private readonly agent: Agent | null = null;
  private readonly detector: SpeechDetector;
  private readonly theirs: Span[] = [];
  private readonly bursts: ToneBurst[] = [];

  private constructor(
    private readonly spec: SessionSpec,
    seed: number,
    mouth: Mouth,
  ) {
    if (spec.agent) this.agent = new Agent(spec.agent, mouth, new Rng(seed));
    else this.caller = new Caller(spec.turns!, mouth);
    this.talker = this.agent ?? this.caller!;
    this.detector = new SpeechDetector({
      onSpeech: (startMs) => {
        this.theirs.push({ startMs, endMs: Number.POSITIVE_INFINITY });
        if (this.theirs.length > MOST_KEPT) this.theirs.shift();
        this.talker.onSpeech(startMs);
      },
      onSilence: (endMs) => {
        this.theirs[this.theirs.length - 1].endMs = endMs;
        this.talker.onSilence(endMs);
      },
      onTone: (burst) => {
        if (this.bursts.length < MOST_KEPT) this.bursts.push(burst);
      },
    });
  }

  /** `null` for a call that takes no turns. @param seed decides what an agent draws */
  static open(spec: SessionSpec, seed: number, mouth: Mouth): TurnTaking | null {
    return spec.turns || spec.agent ? new TurnTaking(spec, seed, mouth) : null;
  }

  listen(samples: Int16Array, count: number, atMs: number): void {
    this.detector.listen(samples, count, atMs);
  }

  /** Once, when all was heard and said. */
  report(): TalkReport {
    this.detector.close();
    return {
      ours: (this.caller ?? this.agent!).spoken,
      theirs: this.theirs,
      tones: nameTones(this.bursts),
      turnEndMs: this.spec.turns?.pauseMs ?? 0,
      deadAirMs: this.spec.turns?.deadAirMs ?? 0,
      bufferMs: this.spec.jitterBuffer.kind === 'fixed' ? this.spec.jitterBuffer.delayMs : null,
      agent: this.agent?.report ?? null,
    };
  }
}
