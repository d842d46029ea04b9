import { isIP } from 'node:net';
import type { z } from 'zod';
import { AppError } from '../core/errors.js';
import { duration, ratio } from '../core/units.js';
import { mediaSpec } from '../flow/spec.js';
import { isNetwork, networkNames } from '../impair/networks.js';
import { readTarget } from '../swarm/target.js';

/** Reads the text of one option; throws ARGUMENT_INVALID. */
export type OptionParser<T> = (text: string) => T;

function wrongValue(option: string, expected: string, found: string): AppError {
  return new AppError('ARGUMENT_INVALID', `${option} has a wrong value`, { where: option, expected, found });
}

/** What a schema of the profile makes of the text. */
function bySchema<T>(option: string, schema: z.ZodType<T, unknown>, expected: string): OptionParser<T> {
  return (text) => {
    const result = schema.safeParse(text);
    if (!result.success) throw wrongValue(option, expected, text);
    return result.data;
  };
}

/** A whole number within bounds. */
export function wholeNumber(option: string, min: number, max: number): OptionParser<number> {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw wrongValue(option, `a whole number from ${min} to ${max}`, text);
    return value;
  };
}

/** `host:port`; IPv6 addresses in brackets. */
export function hostPort(option: string): OptionParser<{ host: string; port: number }> {
  return (text) => {
    const match = /^(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
    const port = match ? Number(match[2]) : 0;
    if (!match || port < 1 || port > 65_535) throw wrongValue(option, 'HOST:PORT', text);
    return { host: match[1].replace(/^\[|\]$/g, ''), port };
  };
}

/** A SIP URI; the scheme may be left out. */
export function sipUri(option: string): OptionParser<string> {
  return (text) => {
    const uri = /^sips?:/.test(text) ? text : `sip:${text}`;
    if (readTarget(uri) === null)
      throw wrongValue(option, 'a SIP URI such as sip:trunk.example.net or sip:+4989100@192.0.2.1:5060', text);
    return uri;
  };
}

/** An address of either family, without a zone. */
export function ipAddress(option: string, whose: string): OptionParser<string> {
  return (text) => {
    if (isIP(text) === 0 || text.includes('%')) throw wrongValue(option, `an IPv4 or IPv6 address: ${whose}`, text);
    return text;
  };
}

export function portRangeText(option: string): OptionParser<string> {
  const expected = 'a range that ascends within 1024–65535, such as 20000-29999';
  return bySchema(option, mediaSpec.shape.rtpPorts, expected);
}

/** A share such as `2%`, as 0–1. */
export function share(option: string): OptionParser<number> {
  return bySchema(option, ratio, 'a share such as 2%');
}

/** A duration such as `500ms` or `2s`, in ms. */
export function time(option: string): OptionParser<number> {
  return bySchema(option, duration, 'a duration such as 500ms or 2s');
}

/** The name of a network that comes with the program. */
export function networkName(option: string): OptionParser<string> {
  return (text) => {
    if (!isNetwork(text)) throw wrongValue(option, networkNames().join(', '), text);
    return text;
  };
}

export function oneOf<const T extends string>(option: string, values: readonly T[]): OptionParser<T> {
  return (text) => {
    if (!values.includes(text as T)) throw wrongValue(option, values.join(', '), text);
    return text as T;
  };
}
