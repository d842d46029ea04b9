import type { Clock } from '../core/clock.js';
import { AppError } from '../core/errors.js';
import { loadLibc } from '../core/libc.js';
import type { MediaSetup } from './link/messages.js';
import type { UdpDriver } from './udp.js';
import { DgramDriver } from './udp-dgram.js';
import { EpollDriver } from './udp-epoll.js';
import { UringDriver } from './udp-uring.js';

/**
 * The UDP driver that was asked for; `auto` takes the native one where there is one. That is io_uring, and epoll
 * where the kernel forbids or does not have it; `epoll` asks for that by name.
 *
 * @throws AppError when the native one was asked for by name and this platform has none
 */
export function openDriver(wanted: MediaSetup['driver'], clock: Clock): UdpDriver {
  if (wanted === 'dgram') return new DgramDriver(clock);
  const libc = loadLibc();
  if (libc) return (wanted === 'epoll' ? null : UringDriver.open(libc, clock)) ?? new EpollDriver(libc, clock);
  if (wanted === 'auto') return new DgramDriver(clock);
  throw new AppError('ARGUMENT_INVALID', 'The native media driver is not available on this platform', {
    expected: 'Linux on x64 or arm64, with the koffi package installed for it',
    found: `${process.platform} on ${process.arch}`,
    hint: 'Use the driver auto or dgram',
  });
}
