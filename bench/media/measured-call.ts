import type { MediaRemote, SessionSpec } from '../../src/media/link/messages.js';

/** A call of G.711 as a run has it by default, all of it measured. */
export const MEASURED: SessionSpec = {
  audio: 'speech',
  ptimeMs: 20,
  hearDigits: true,
  expectAudio: true,
  jitterBuffer: { kind: 'fixed', delayMs: 60 },
  mediaTimeoutMs: 5000,
  bpl: 25.1,
};

/** The echo at a port of 127.0.0.1 as its far end. */
export function echoAt(port: number): MediaRemote {
  return {
    address: '127.0.0.1',
    port,
    codec: 'PCMU',
    sendPayloadType: 0,
    acceptPayloadTypes: { 0: 'PCMU', 101: 'telephone-event' },
    eventPayloadType: 101,
  };
}
