/**
 * The same binary text without the message it was cut from: what is remembered would keep the whole message in memory
 * otherwise, since a part of a string is a view into it.
 */
export function ownCopy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
