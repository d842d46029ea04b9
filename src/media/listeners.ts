import { MarkerListener } from '../probe/marker-listener.js';
import { DtmfDetector } from '../quality/dtmf-detector.js';
import type { Listener } from '../quality/played-audio.js';
import type { HeardNow, SessionSpec } from './link/messages.js';
import { LiveEars } from './live-ears.js';
import { Overhearing } from './overhearing.js';

/** Who listens to the received audio of a call: each kind is asked for by a field of `SessionSpec.listen`. */
export class CallListeners {
  readonly tones: DtmfDetector | null;
  readonly markers: MarkerListener | null;
  readonly live: LiveEars | null;
  readonly speech: Overhearing | null;

  constructor({ listen }: Pick<SessionSpec, 'listen'>, onHeard: (heard: HeardNow) => void) {
    this.tones = listen?.tones ? new DtmfDetector() : null;
    this.markers = listen?.markers ? new MarkerListener(listen.markerTimes) : null;
    this.speech = listen?.spans ? new Overhearing() : null;
    this.live = listen?.live ? new LiveEars(this.tones, listen.speech === true, onHeard) : null;
  }

  get all(): Listener[] {
    // Telephone-events are heard without listening to the audio.
    const live = this.live?.needsAudio ? this.live : null;
    return [this.tones, this.markers, this.speech, live].filter((listener) => listener !== null);
  }
}
