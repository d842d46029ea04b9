import { isIP } from 'node:net';
import { AppError } from '../core/errors.js';

/** A whole number within bounds, or an error that names the option. */
export function wholeNumber(option: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new AppError('ARGUMENT_INVALID', `${option} has a wrong value`, {
        where: option,
        expected: `a whole number from ${min} to ${max}`,
        found: text,
      });
    return value;
  };
}

/** `host:port`; IPv6 addresses in brackets. */
export function hostPort(option: string): (text: string) => { host: string; port: number } {
  return (text) => {
    const match = /^(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
    const port = match ? Number(match[2]) : 0;
    if (!match || port < 1 || port > 65_535)
      throw new AppError('ARGUMENT_INVALID', `${option} has a wrong value`, {
        where: option,
        expected: 'HOST:PORT',
        found: text,
      });
    return { host: match[1].replace(/^\[|\]$/g, ''), port };
  };
}

export function sipUri(option: string): (text: string) => string {
  return (text) => {
    const uri = /^sips?:/.test(text) ? text : `sip:${text}`;
    if (
      !/^sips?:([^@\s<>]*@)?[^@\s<>:;]+(:\d{1,5})?(;[^\s<>]*)?$/.test(uri) &&
      !/^sips?:([^@\s<>]*@)?\[[0-9a-fA-F:]+\](:\d{1,5})?(;[^\s<>]*)?$/.test(uri)
    )
      throw new AppError('ARGUMENT_INVALID', `${option} has a wrong value`, {
        where: option,
        expected: 'a SIP URI such as sip:trunk.example.net or sip:+4989100@192.0.2.1:5060',
        found: text,
      });
    return uri;
  };
}

export function ipAddress(option: string): (text: string) => string {
  return (text) => {
    if (isIP(text) === 0)
      throw new AppError('ARGUMENT_INVALID', `${option} has a wrong value`, {
        where: option,
        expected: 'an IP address of this machine',
        found: text,
      });
    return text;
  };
}
