import { describe, expect, test } from 'vitest';
import { answerUntaken } from '../../src/drachtio/untaken.js';

const registrar = (method: string): boolean => method === 'REGISTER';
const callee = (method: string): boolean => method === 'INVITE';

describe('what no application takes', () => {
  test('is not allowed, and the methods that are taken are named', () => {
    expect(answerUntaken('INVITE', registrar)).toEqual({
      status: 405,
      phrase: 'Method Not Allowed',
      lines: 'Allow: OPTIONS, REGISTER\r\n',
    });
    expect(answerUntaken('MESSAGE', callee).lines).toBe('Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE\r\n');
  });

  test('is answered for it when it is OPTIONS: what is allowed, accepted and supported', () => {
    const { status, lines } = answerUntaken('OPTIONS', callee);
    expect(status).toBe(200);
    expect(lines).toBe(
      'Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE\r\nAccept: application/sdp\r\nSupported: 100rel, replaces, timer\r\n',
    );
  });

  test('is a NOTIFY without subscription', () => {
    expect(answerUntaken('NOTIFY', callee).status).toBe(481);
  });
});
