import { CallScope } from '../flow/call-scope.js';
import type { ScriptStep } from './script-spec.js';

type Step<D extends ScriptStep['do']> = Extract<ScriptStep, { do: D }>;

/** What a script does to a trunk. */
export interface Scripted {
  /** Hears and sends no SIP from now on, and no RTP where that stops. */
  fallSilent(step: Step<'silence'>): void;
  speakAgain(): void;
  /** Forgets every call; gives how many there were. */
  restart(): number;
  limit(step: Step<'limit'>): void;
  /** For the log. */
  note(text: string): void;
}

/** Goes through the steps of a script, by the time since `begin`. */
export class Script {
  /** How every new call is refused, while it is. */
  refusing: Step<'refuse'> | null = null;
  restarts = 0;
  /** Calls that were up or ringing when the trunk was restarted. */
  forgotten = 0;
  private isSilent = false;
  private begun = false;
  private readonly scope: CallScope;

  constructor(
    private readonly steps: readonly ScriptStep[],
    private readonly scripted: Scripted,
    onError: (error: unknown) => void,
  ) {
    this.scope = new CallScope(onError);
  }

  get state(): 'serve' | 'refuse' | 'silence' {
    if (this.isSilent) return 'silence';
    return this.refusing === null ? 'serve' : 'refuse';
  }

  /** The first call is here; further ones change nothing. */
  begin(): void {
    if (this.begun) return;
    this.begun = true;
    for (const step of this.steps) {
      if (step.at === 0) this.take(step);
      else this.scope.after(step.at, () => this.take(step));
    }
  }

  /** No further step; a silence ends, so that calls can be hung up. */
  end(): void {
    this.begun = true;
    this.scope.clearTimers();
    this.endSilence();
  }

  private take(step: ScriptStep): void {
    const { scripted } = this;
    switch (step.do) {
      case 'refuse':
        this.endSilence();
        this.refusing = step;
        scripted.note(`refuses every call with ${step.status}`);
        break;
      case 'silence':
        this.endSilence();
        this.refusing = null;
        this.isSilent = true;
        scripted.fallSilent(step);
        scripted.note(`is silent, RTP ${step.rtp === 'keep' ? 'goes on' : 'stops'}`);
        break;
      case 'serve':
        this.endSilence();
        this.refusing = null;
        scripted.note('serves');
        break;
      case 'restart': {
        const forgotten = scripted.restart();
        this.endSilence();
        this.refusing = null;
        this.restarts++;
        this.forgotten += forgotten;
        scripted.note(`was restarted, ${forgotten} calls forgotten`);
        break;
      }
      case 'limit':
        scripted.limit(step);
        scripted.note(`has other limits: ${limitText(step)}`);
        break;
      default:
        step satisfies never;
    }
  }

  private endSilence(): void {
    if (!this.isSilent) return;
    this.isSilent = false;
    this.scripted.speakAgain();
  }
}

function limitText({ channels, cps }: Step<'limit'>): string {
  const parts: string[] = [];
  if (channels !== undefined) parts.push(`${channels} channels`);
  if (cps !== undefined) parts.push(cps === 'none' ? 'no CPS cap' : `${cps} CPS`);
  return parts.join(', ');
}
