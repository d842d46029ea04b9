import { type FinishedRun, runProfile, type TestOptions } from '../support/run-profile.js';
import { freePort, OWN_RTP_PORTS } from './ports.js';
import { Capture } from './tshark.js';

export interface CapturedRun extends FinishedRun {
  wire: Capture;
}

interface CapturedRunOptions extends TestOptions {
  /** Done once packets are being captured, before the run. */
  first?(sipPort: number): Promise<void>;
}

/**
 * Runs a profile on a trunk of its own, and keeps what went over the wire meanwhile. What was held up by other work is done
 * again, twice at most, with a capture of its own: the calls of both would have the same ports and sources.
 * @param yaml the profile, but for `media`
 * @param media what `media` has besides the ports
 */
export async function capturedRun(
  yaml: string,
  media = '',
  { first, ...options }: CapturedRunOptions = {},
): Promise<CapturedRun> {
  const profile = `${yaml}\nmedia: { rtpPorts: ${OWN_RTP_PORTS}${media} }\n`;
  for (let tries = 3; ; tries--) {
    const sipPort = await freePort();
    const wire = await Capture.start(sipPort, OWN_RTP_PORTS);
    try {
      await first?.(sipPort);
      const run = await runProfile(profile, { ...options, sipPort, tries: 1 });
      await wire.stop();
      if (run.summary.run.valid || tries === 1) return { ...run, wire };
    } finally {
      wire.remove();
    }
  }
}
