import { z } from 'zod';

const removeCodec = z
  .strictObject({
    kind: z.literal('remove-codec'),
    codec: z
      .string()
      .regex(/^[A-Za-z0-9._-]+$/, 'expected the name of an encoding such as PCMA or G722')
      .describe('Name of the encoding, such as PCMA; the last codec of a stream stays'),
  })
  .describe('A codec is missing');

const removeEvents = z
  .strictObject({ kind: z.literal('remove-telephone-event') })
  .describe('telephone-event is missing');

const foreignCodec = z
  .strictObject({
    kind: z.literal('foreign-codec'),
    encoding: z
      .string()
      .regex(/^[A-Za-z0-9._-]+\/\d{1,6}(\/\d)?$/, 'expected an encoding such as G729/8000')
      .default('G729/8000'),
    payloadType: z.number().int().min(0).max(127).default(18),
  })
  .describe('One codec in place of all: in an answer one that was not offered');

const wrongAddress = z
  .strictObject({
    kind: z.literal('wrong-address'),
    address: z.union([z.ipv4(), z.ipv6()], 'expected an IPv4 or IPv6 address'),
    port: z.number().int().min(1).max(65_535).optional().describe('Port too; the right one when it is left out'),
  })
  .describe('Media is asked for at an address where nobody listens');

const direction = z
  .strictObject({
    kind: z.literal('direction'),
    is: z.enum(['sendrecv', 'sendonly', 'recvonly', 'inactive']),
  })
  .describe('The direction attribute says something else');

export const sdpFault = z.discriminatedUnion('kind', [
  removeCodec,
  removeEvents,
  foreignCodec,
  wrongAddress,
  direction,
]);

export type SdpFault = z.infer<typeof sdpFault>;
