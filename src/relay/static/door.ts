import { AppError } from '../../core/errors.js';
import type { Latching, Lease } from '../../media/link/messages.js';
import type { RelayReport } from '../../media/link/relay-messages.js';
import type { Door } from '../door.js';
import type { Relay } from '../relay.js';
import { formatPlace, formatRoute, type StaticRoute } from './route.js';

export interface StaticDoorOptions {
  relay: Relay;
  routes: readonly StaticRoute[];
  /** Of far ends that are described; those that are not are latched to by their first packet. */
  latch: Latching;
  /** Binds an RTP port and the RTCP port above it; rejects with an AppError. */
  bind(address: string, port: number): Promise<Lease>;
  onLog(text: string): void;
}

interface StaticPath {
  call: number;
  route: StaticRoute;
  /** `null` while it is up. */
  report: RelayReport | null;
}

/** The door without signalling: paths between two ports each, up for as long as the relay is. */
export class StaticDoor implements Door {
  private readonly paths: StaticPath[] = [];
  private closing: Promise<void> | null = null;

  private constructor(private readonly options: StaticDoorOptions) {
    const { relay, onLog } = options;
    relay.onTimeout = (call) => onLog(`no media on ${relay.nameOf(call) ?? call}`);
  }

  /** Binds the ports. Rejects with an AppError: `PORT_TAKEN`, `ADDRESS_UNUSABLE`, `CALLS_EXHAUSTED`. */
  static async open(options: StaticDoorOptions): Promise<StaticDoor> {
    const door = new StaticDoor(options);
    for (const route of options.routes) await door.add(route);
    return door;
  }

  get title(): string {
    const { routes } = this.options;
    const [first] = routes;
    const more = routes.length === 1 ? '' : ` and ${routes.length - 1} more`;
    return `static ${formatPlace(first.a.listen)} ⇄ ${formatPlace(first.b.listen)}${more}`;
  }

  figures(): { label: string; value: string }[] {
    return [{ label: 'paths', value: String(this.paths.length) }];
  }

  statistics(): Record<string, unknown> {
    return {
      paths: this.paths.map(({ route, report }) => ({ route: formatRoute(route), ...report })),
    };
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    await Promise.all(
      this.paths.map(async (path) => {
        path.report = await this.options.relay.close(path.call);
      }),
    );
  }

  private async add(route: StaticRoute): Promise<void> {
    const { relay, bind, latch } = this.options;
    const a = await bind(route.a.listen.address, route.a.listen.port);
    const b = await bind(route.b.listen.address, route.b.listen.port);
    const name = `path-${this.paths.length + 1}`;
    const opened = relay.open(name, { a, b });
    if (opened instanceof AppError) throw opened;
    this.paths.push({ call: opened.call, route, report: null });
    for (const side of ['a', 'b'] as const) relay.connect(opened.call, side, { rtp: route[side].remote, latch });
    // Answered behind the commands before it: from here on no packet is lost.
    await relay.query(opened.call);
  }
}
