import { describe, expect, it } from 'vitest';
import { type FinishedRun, runProfile } from '../support/run-profile.js';

function profile(trunk: string): string {
  return `
name: sdp-faults
load: [{ shape: constant, cps: 6, for: 500ms }]
calls: { hold: 3500ms, dtmf: { digits: "12", after: 500ms } }
media: { rtpPorts: 43200-43399 }
trunk: { channels: 20, ${trunk} }
`;
}

async function run(trunk: string): Promise<FinishedRun['records']> {
  const { records } = await runProfile(profile(trunk));
  expect(records).toHaveLength(3);
  return records;
}

describe('a trunk whose answers have faults', () => {
  it('is hung up on where it answers with a codec that was not offered', async () => {
    for (const { outcome, cause } of await run('sdpFaults: [{ kind: foreign-codec }]'))
      expect({ outcome, cause }).toEqual({ outcome: 'dropped', cause: 'codec' });
  });

  it('gets no digits where it leaves telephone-event out, and hears nothing at an address that is not its own', async () => {
    const records = await run(
      'sdpFaults: [{ kind: remove-telephone-event }, { kind: wrong-address, address: 127.0.0.77, port: 9 }]',
    );
    for (const record of records) {
      expect(record.remoteMedia).toBe('127.0.0.77:9');
      expect(record.dtmf!.uplink).toMatchObject({ sent: '', heard: '' });
      expect(record.uplink!.heard!.verdict.cause).toBe('no-rtp');
      // What it sends comes from where it is, which is not where it said.
      expect(record.downlink!.heard!.verdict.cause).toBe('wrong-source');
    }
  });
});
