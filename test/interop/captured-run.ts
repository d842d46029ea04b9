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
 * Runs a profile on a trunk of its own, and keeps what went over the wire meanwhile.
 * @param yaml the profile, but for `media`
 * @param media what `media` has besides the ports
 */
export async function capturedRun(
  yaml: string,
  media = '',
  { first, ...options }: CapturedRunOptions = {},
): Promise<CapturedRun> {
  const sipPort = await freePort();
  const wire = await Capture.start(sipPort, OWN_RTP_PORTS);
  try {
    await first?.(sipPort);
    const profile = `${yaml}\nmedia: { rtpPorts: ${OWN_RTP_PORTS}${media} }\n`;
    const run = await runProfile(profile, { ...options, sipPort });
    await wire.stop();
    return { ...run, wire };
  } finally {
    wire.remove();
  }
}
