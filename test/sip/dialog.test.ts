import { describe, expect, test } from 'vitest';
import { addressing, type Dialog, uacDialog, uasDialog } from '../../src/sip/dialog.js';
import { parseMessage } from '../../src/sip/message.js';

const head = {
  method: 'INVITE',
  requestUri: 'sip:bob@example.com',
  via: '',
  branch: '',
  from: '<sip:alice@a>;tag=A',
  to: '<sip:bob@example.com>',
  callId: 'c1',
  cseq: 3,
  routes: [],
};

function answered(...lines: string[]): Dialog {
  const text = ['SIP/2.0 200 OK', 'To: <sip:bob@example.com>;tag=B', ...lines, '', ''].join('\r\n');
  return uacDialog(head, parseMessage(text)!);
}

describe('a dialog', () => {
  test('of the caller has the Record-Route reversed as its route set', () => {
    const dialog = answered(
      'Record-Route: <sip:p3;lr>, <sip:p2;lr>',
      'Record-Route: <sip:p1;lr>',
      'Contact: <sip:bob@host>',
    );
    expect(dialog).toMatchObject({
      localTag: 'A',
      remoteTag: 'B',
      remoteTarget: 'sip:bob@host',
      localCseq: 3,
      remoteCseq: -1,
    });
    expect(dialog.routeSet).toEqual(['<sip:p1;lr>', '<sip:p2;lr>', '<sip:p3;lr>']);
    expect(addressing(dialog)).toEqual({ requestUri: 'sip:bob@host', routes: dialog.routeSet, hop: 'sip:p1;lr' });
    expect(dialog.name).toBe('c1;from-tag=A');
  });

  test('of the called has it as it stands, and is named by the caller', () => {
    const invite = parseMessage(
      [
        'INVITE sip:bob@host SIP/2.0',
        'Record-Route: <sip:p2;lr>',
        'Record-Route: <sip:p1;lr>',
        'From: "A" <sip:alice@a>;tag=A',
        'To: <sip:bob@example.com>',
        'Call-ID: c1',
        'CSeq: 9 INVITE',
        'Contact: "A" <sip:alice@10.0.0.1:5070>;+sip.x',
        '',
        '',
      ].join('\r\n'),
    )!;
    const dialog = uasDialog(invite, 'B');
    expect(dialog).toMatchObject({
      localTag: 'B',
      remoteTag: 'A',
      localParty: '<sip:bob@example.com>;tag=B',
      remoteParty: '"A" <sip:alice@a>;tag=A',
      remoteTarget: 'sip:alice@10.0.0.1:5070',
      remoteCseq: 9,
    });
    expect(dialog.routeSet).toEqual(['<sip:p2;lr>', '<sip:p1;lr>']);
    expect(dialog.name).toBe('c1;from-tag=A');
  });

  test('a strict router moves into the Request-URI, the target to the end of the routes', () => {
    const dialog = answered('Record-Route: <sip:p2;lr>, <sip:p1>', 'Contact: <sip:bob@host>');
    expect(addressing(dialog)).toEqual({
      requestUri: 'sip:p1',
      routes: ['<sip:p2;lr>', '<sip:bob@host>'],
      hop: 'sip:p1',
    });
  });

  test('without Contact in the answer requests keep going where the first one went', () => {
    expect(addressing(answered())).toEqual({
      requestUri: 'sip:bob@example.com',
      routes: [],
      hop: 'sip:bob@example.com',
    });
  });

  test('follows the Contact of a target refresh', () => {
    const dialog = answered('Contact: <sip:bob@host>');
    dialog.refreshTarget(parseMessage('UPDATE sip:x SIP/2.0\r\nContact: <sip:bob@new>\r\n\r\n')!);
    expect(dialog.remoteTarget).toBe('sip:bob@new');
    dialog.refreshTarget(parseMessage('UPDATE sip:x SIP/2.0\r\nContact: *\r\n\r\n')!);
    expect(dialog.remoteTarget).toBe('sip:bob@new');
  });
});
