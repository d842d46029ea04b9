/**
 * What packets are written into that become longer or more than they were: one at a time, of all pipelines of a thread. Whoever
 * asked for the packet is done with it before the next one.
 */
export const room = new Uint8Array(2048);
