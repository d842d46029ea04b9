import { expect, test } from 'vitest';
import { until } from '../loopback/sip-harness.js';
import { endDoorsAfterEach, type OpenDoor, openDoor } from '../support/relay-door.js';
import { endPhonesAfterEach, Phone } from './baresip.js';
import { endKamailioAfterEach, Kamailio } from './kamailio.js';

endKamailioAfterEach();
endDoorsAfterEach();
endPhonesAfterEach();

/** A phone that knows the relay only, and registers through it. */
async function registered(door: OpenDoor, name: string, protocol = 'udp', ...more: string[]): Promise<Phone> {
  const phone = await Phone.start({
    account: `sip:${name}@127.0.0.1:${door.port};transport=${protocol}`,
    parameters: [`auth_user=${name}`, 'auth_pass=wonder', 'regint=60', ...more],
  });
  await phone.event('REGISTER_OK');
  return phone;
}

function calls(door: OpenDoor): Record<string, unknown> {
  return door.door.statistics().calls as Record<string, unknown>;
}

function nameAt(door: OpenDoor, name: string): string {
  return `sip:${name}@127.0.0.1:${door.port}`;
}

test.each(['udp', 'tcp'])(
  'phones register over %s at Kamailio through the relay, call each other, hold, and hang up',
  async (protocol) => {
    const kamailio = await Kamailio.start('registrar');
    const door = await openDoor({ target: kamailio.port, ports: [39_900, 39_999] });
    const [alice, bob] = [await registered(door, 'alice', protocol), await registered(door, 'bob', protocol)];
    expect(calls(door)).toMatchObject({ phones: 2 });
    await alice.command('dial', `${nameAt(door, 'bob')};transport=${protocol}`);
    await bob.event('CALL_INCOMING');
    await alice.event('CALL_RINGING');
    await bob.command('accept');
    await Promise.all([alice.event('CALL_ESTABLISHED'), bob.event('CALL_ESTABLISHED')]);
    // From the phone to Kamailio, and from there to the other phone; the first attempt had no password.
    await until(() => calls(door).up === 2);
    expect(calls(door)).toMatchObject({ attempts: 3, challenged: 1, answered: 2 });
    const offers = (): number =>
      bob.events.filter(({ type, param }) => type === 'CALL_REMOTE_SDP' && param === 'offer').length;
    await alice.command('hold');
    await until(() => offers() === 2);
    await alice.command('resume');
    await until(() => offers() === 3);
    await bob.command('hangup');
    await alice.event('CALL_CLOSED');
    await until(() => door.records.length === 3);
    const [, ...both] = door.records;
    expect(both.map(({ outcome, endedBy }) => [outcome, endedBy])).toEqual(Array(2).fill(['completed', 'b']));
    expect(both.map(({ towardsTarget }) => towardsTarget).sort()).toEqual([false, true]);
    await until(() => door.door.statistics().sip !== null && dialogs(door) === 0);
    await alice.stop();
    await bob.stop();
    // They took their registrations back.
    expect(calls(door)).toMatchObject({ phones: 0, inProgress: 0 });
  },
);

test('phones that speak SRTP only: the relay opens what they send to each other, by the keys that passed', async () => {
  const kamailio = await Kamailio.start('registrar');
  const door = await openDoor({
    target: kamailio.port,
    ports: [41_500, 41_599],
    pipelines: { aToB: [{ kind: 'loss', ratio: 0.2, burst: 1 }] },
  });
  const srtp = 'mediaenc=srtp-mand';
  const [alice, bob] = [await registered(door, 'alice', 'udp', srtp), await registered(door, 'bob', 'udp', srtp)];
  await alice.command('dial', nameAt(door, 'bob'));
  await bob.event('CALL_INCOMING');
  await bob.command('accept');
  await Promise.all([alice.event('CALL_ESTABLISHED'), bob.event('CALL_ESTABLISHED')]);
  const sent = (): number => door.snapshot()?.directions.aToB.sent ?? 0;
  await until(() => sent() > 80);
  await alice.command('hangup');
  await until(() => door.records.length === 3);
  for (const { media } of door.records.slice(1)) {
    for (const end of Object.values(media!.ends)) {
      expect(end).toMatchObject({ srtp: 'AES_CM_128_HMAC_SHA1_80', malformed: 0 });
      // baresip begins with an RTCP packet in clear, which it sends twice at most.
      expect(end.unopened).toBeLessThanOrEqual(2);
      expect(end.received.packets).toBeGreaterThan(10);
    }
    expect(media!.directions.aToB.truth.dropped).toBeGreaterThan(0);
    expect(media!.directions.bToA.truth).toMatchObject({ dropped: 0 });
  }
});

test('a phone that is not registered cannot be called, and one with a wrong password not register', async () => {
  const kamailio = await Kamailio.start('registrar');
  const door = await openDoor({ target: kamailio.port, ports: [40_000, 40_099] });
  const alice = await registered(door, 'alice');
  await alice.command('dial', nameAt(door, 'nobody'));
  expect((await alice.event('CALL_CLOSED')).param).toContain('404');
  const eve = await Phone.start({
    account: nameAt(door, 'eve'),
    parameters: ['auth_user=eve', 'auth_pass=wander', 'regint=60'],
  });
  await eve.event('REGISTER_FAIL');
  expect(calls(door)).toMatchObject({ phones: 1 });
});

test('a phone transfers another one to a third', async () => {
  const kamailio = await Kamailio.start('registrar');
  const door = await openDoor({ target: kamailio.port, ports: [40_100, 40_299] });
  const [alice, bob, carol] = [
    await registered(door, 'alice'),
    await registered(door, 'bob'),
    await registered(door, 'carol'),
  ];
  await alice.command('dial', nameAt(door, 'bob'));
  await bob.event('CALL_INCOMING');
  await bob.command('accept');
  await alice.event('CALL_ESTABLISHED');
  await alice.command('transfer', nameAt(door, 'carol'));
  await carol.event('CALL_INCOMING');
  await carol.command('accept');
  await carol.event('CALL_ESTABLISHED');
  expect((await alice.event('CALL_CLOSED')).param).toBe('Call transfered');
  await until(() => calls(door).up === 2);
  await carol.command('hangup');
  await until(() => calls(door).inProgress === 0);
  expect(dialogs(door)).toBeLessThanOrEqual(1);
});

function dialogs(door: OpenDoor): number {
  return (door.door.statistics().sip as { dialogs: number }).dialogs;
}
