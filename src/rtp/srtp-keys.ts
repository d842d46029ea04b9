import { createCipheriv } from 'node:crypto';

/** Protection suites that SDES can agree on: RFC 4568, section 6.2 and RFC 7714, section 14.2. */
export const SRTP_SUITE_NAMES = ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32', 'AEAD_AES_128_GCM'] as const;

export type SrtpSuite = (typeof SRTP_SUITE_NAMES)[number];

interface SuiteSizes {
  /** Bytes of the master salt and of each session salt. */
  saltBytes: number;
  /** Bytes that protection adds at the end of an RTP packet. */
  tagBytes: number;
  /** The same for RTCP, without the 4 bytes of index. SHA1_32 shortens RTP only (RFC 4568, section 6.2.2). */
  rtcpTagBytes: number;
  aead: boolean;
}

export const SRTP_SUITES: Readonly<Record<SrtpSuite, SuiteSizes>> = {
  AES_CM_128_HMAC_SHA1_80: { saltBytes: 14, tagBytes: 10, rtcpTagBytes: 10, aead: false },
  AES_CM_128_HMAC_SHA1_32: { saltBytes: 14, tagBytes: 4, rtcpTagBytes: 10, aead: false },
  AEAD_AES_128_GCM: { saltBytes: 12, tagBytes: 16, rtcpTagBytes: 16, aead: true },
};

export const SRTP_KEY_BYTES = 16;
const AUTH_KEY_BYTES = 20;
const DERIVATION_SALT_BYTES = 14;

/** The keys of one direction, for RTP or for RTCP. */
export interface SessionKeys {
  /** 16 bytes. */
  key: Buffer;
  /** As long as the suite's salt. */
  salt: Buffer;
  /** 20 bytes; not used by an AEAD suite. */
  auth: Buffer;
}

/** Labels of RFC 3711, section 4.3.2: encryption, authentication, salt. */
const LABELS = { rtp: [0, 1, 2], rtcp: [3, 4, 5] } as const;

/** Session keys from the master key and salt, key derivation rate 0 (RFC 3711, section 4.3; RFC 7714, section 11). */
export function deriveSessionKeys(
  suite: SrtpSuite,
  masterKey: Uint8Array,
  masterSalt: Uint8Array,
  of: 'rtp' | 'rtcp',
): SessionKeys {
  const [encryption, authentication, salting] = LABELS[of];
  return {
    key: derive(masterKey, masterSalt, encryption, SRTP_KEY_BYTES),
    auth: derive(masterKey, masterSalt, authentication, AUTH_KEY_BYTES),
    salt: derive(masterKey, masterSalt, salting, SRTP_SUITES[suite].saltBytes),
  };
}

/** AES in counter mode from `(label · 2^48 XOR salt) · 2^16`, a shorter salt filled up with zeros on the right. */
function derive(masterKey: Uint8Array, masterSalt: Uint8Array, label: number, bytes: number): Buffer {
  const iv = Buffer.alloc(16);
  iv.set(masterSalt.subarray(0, DERIVATION_SALT_BYTES));
  iv[7] ^= label;
  const cipher = createCipheriv('aes-128-ctr', masterKey, iv);
  return cipher.update(Buffer.alloc(bytes));
}
