/** The part of opusscript's WebAssembly module that we call; its own typings cover the wrapper around it only. */
declare module 'opusscript/build/opusscript_native_wasm.js' {
  export interface OpusHandler {
    /** PCM as one byte in each 16-bit word, low byte first; returns the packet's bytes, or a negative error. */
    _encode(pcm: number, pcmBytes: number, packet: number, frameSamples: number): number;
    /** The reverse; returns the samples of each channel, or a negative error. */
    _decode(packet: number, packetBytes: number, pcm: number): number;
    _encoder_ctl(request: number, value: number): number;
  }

  export interface OpusNative {
    OpusScriptHandler: {
      new (sampleRate: number, channels: number, application: number): OpusHandler;
      destroy_handler(handler: OpusHandler): void;
    };
    _malloc(bytes: number): number;
    /** The module's memory; another view after it has grown. */
    readonly HEAPU8: Uint8Array;
  }

  export default function create(): OpusNative;
}
