/** What is used of rtpengine-client, which brings no types. */
declare module 'rtpengine-client' {
  import type { EventEmitter } from 'node:events';

  type Answer = Record<string, unknown>;
  type Place = { host: string; port: number };

  export class Client extends EventEmitter {
    constructor(options: { timeout: number });
    ping(at: Place, parameters?: object): Promise<Answer>;
    offer(at: Place, parameters: object): Promise<Answer>;
    answer(at: Place, parameters: object): Promise<Answer>;
    delete(at: Place, parameters: object): Promise<Answer>;
    query(at: Place, parameters: object): Promise<Answer>;
    list(at: Place, parameters: object): Promise<Answer>;
    statistics(at: Place, parameters?: object): Promise<Answer>;
    blockMedia(at: Place, parameters: object): Promise<Answer>;
    unblockMedia(at: Place, parameters: object): Promise<Answer>;
    blockDTMF(at: Place, parameters: object): Promise<Answer>;
    unblockDTMF(at: Place, parameters: object): Promise<Answer>;
    silenceMedia(at: Place, parameters: object): Promise<Answer>;
    unsilenceMedia(at: Place, parameters: object): Promise<Answer>;
    startRecording(at: Place, parameters: object): Promise<Answer>;
    close(): void;
  }

  export class TcpClient extends EventEmitter {
    constructor(options: { hostport: string; timeout: number });
    ping(parameters?: object): Promise<Answer>;
    offer(parameters: object): Promise<Answer>;
    delete(parameters: object): Promise<Answer>;
    close(): void;
  }
}
