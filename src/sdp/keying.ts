import { randomBytes } from 'node:crypto';
import type { SrtpSuite } from '../rtp/srtp-keys.js';
import type { SrtpKeys } from '../rtp/srtp-session.js';
import { type Carriage, IN_CLEAR } from './describe.js';
import type { RemoteMedia } from './read.js';
import { chooseKey, masterBytes, type SdesKey, usableKeys } from './sdes.js';

/** What both sides agreed on: keys, or `null` for RTP without protection. Otherwise why they did not. */
type KeyAgreement = { srtp: SrtpKeys | null } | { reason: string };

const CLEAR = /^RTP\/AVPF?$/i;
const PROTECTED = /^RTP\/SAVPF?$/i;

/**
 * How the RTP of one dialog is protected: by SRTP with keys in its descriptions (RFC 4568), or not at all. A side with
 * suites accepts SRTP only, a side without none. Our key of each suite stays the same within the dialog, so that a
 * description that repeats it changes nothing (section 7.1.4). The keys are drawn from the system and never from the seed
 * of a run: they are secrets.
 */
export class Keying {
  private masters: Map<SrtpSuite, Uint8Array> | null = null;

  /** @param suites in order of preference; none for RTP without protection */
  constructor(private readonly suites: readonly SrtpSuite[]) {}

  /** Whether a stream of that protocol can be agreed on. */
  speaks(protocol: string): boolean {
    return (this.suites.length === 0 ? CLEAR : PROTECTED).test(protocol);
  }

  offer(): Carriage {
    if (this.suites.length === 0) return IN_CLEAR;
    return { protocol: 'RTP/SAVP', keys: this.suites.map((suite, i) => this.ownKey(suite, i + 1)) };
  }

  /** The far end's answer to our offer: its key, under the tag of one of ours. */
  takeAnswer(answer: RemoteMedia): KeyAgreement {
    const { protocol } = answer;
    if (this.suites.length === 0)
      return this.speaks(protocol) ? { srtp: null } : { reason: `answered with ${protocol} where RTP/AVP was offered` };
    if (!this.speaks(protocol)) return { reason: `answered with ${protocol} where RTP/SAVP was offered` };
    const theirs = usableKeys(answer.crypto).find(({ tag, suite }) => this.suites[tag - 1] === suite);
    if (!theirs) return { reason: `answered without a key for an SRTP suite that was offered${named(answer)}` };
    return { srtp: this.agreed(theirs) };
  }

  /** What to answer to the far end's offer: the key of the suite that we prefer, under the offer's tag. */
  answer(offer: RemoteMedia): { srtp: SrtpKeys | null; carriage: Carriage } | { reason: string } {
    const { protocol } = offer;
    if (this.suites.length === 0)
      return this.speaks(protocol)
        ? { srtp: null, carriage: IN_CLEAR }
        : { reason: `offered ${protocol} where only RTP/AVP is spoken` };
    if (!this.speaks(protocol)) return { reason: `offered ${protocol} where only RTP/SAVP is spoken` };
    const theirs = chooseKey(this.suites, usableKeys(offer.crypto));
    if (!theirs) return { reason: `offered no key for an SRTP suite that is spoken${named(offer)}` };
    const carriage = { protocol, keys: [this.ownKey(theirs.suite, theirs.tag)] };
    return { srtp: this.agreed(theirs), carriage };
  }

  private agreed({ suite, master }: SdesKey): SrtpKeys {
    const base64 = (key: Uint8Array): string => Buffer.from(key).toString('base64');
    return { suite, send: base64(this.ownKey(suite, 0).master), receive: base64(master) };
  }

  private ownKey(suite: SrtpSuite, tag: number): SdesKey {
    this.masters ??= new Map();
    let master = this.masters.get(suite);
    if (!master) {
      master = randomBytes(masterBytes(suite));
      this.masters.set(suite, master);
    }
    return { tag, suite, master };
  }
}

function named({ crypto }: RemoteMedia): string {
  return crypto.length === 0 ? '' : ` (${crypto.map(({ suite }) => suite).join(', ')})`;
}
