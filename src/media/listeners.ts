import { MarkerListener } from '../probe/marker-listener.js';
import { DtmfDetector } from '../quality/dtmf-detector.js';
import type { Listener } from '../quality/played-audio.js';
import type { SessionSpec } from './link/messages.js';

/** Who listens to the received audio of a call: each kind is asked for by a field of `SessionSpec.listen`. */
export class CallListeners {
  readonly tones: DtmfDetector | null;
  readonly markers: MarkerListener | null;

  constructor({ listen }: Pick<SessionSpec, 'listen'>) {
    this.tones = listen?.tones ? new DtmfDetector() : null;
    this.markers = listen?.markers ? new MarkerListener() : null;
  }

  get all(): Listener[] {
    return [this.tones, this.markers].filter((listener) => listener !== null);
  }
}
