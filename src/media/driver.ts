import type { Clock } from '../core/clock.js';
import { AppError } from '../core/errors.js';
import { loadLibc } from '../core/libc.js';
import type { MediaSetup } from './link/messages.js';
import type { UdpDriver } from './udp.js';
import { DgramDriver } from './udp-dgram.js';
import { NativeDriver } from './udp-native.js';

/**
 * The UDP driver that was asked for; `auto` takes the native one where there is one.
 *
 * @throws AppError when the native one was asked for by name and this platform has none
 */
export function openDriver(wanted: MediaSetup['driver'], clock: Clock): UdpDriver {
  if (wanted === 'dgram') return new DgramDriver(clock);
  const libc = loadLibc();
  if (libc) return new NativeDriver(libc, clock);
  if (wanted === 'auto') return new DgramDriver(clock);
  throw new AppError('ARGUMENT_INVALID', 'The native media driver is not available on this platform', {
    expected: 'Linux on x64 or arm64, with the koffi package installed for it',
    found: `${process.platform} on ${process.arch}`,
    hint: 'Use the driver auto or dgram',
  });
}
