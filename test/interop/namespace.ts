import { execFileSync } from 'node:child_process';
import { afterEach } from 'vitest';

const open = new Set<Lan>();

/** Takes away what a test left. */
export function removeLansAfterEach(): void {
  afterEach(() => {
    for (const lan of open) lan.remove();
  });
}

const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8', stdio: 'pipe' });

/**
 * A switch with this machine at it, another host in a network namespace, and a port whose link stays up whatever happens to
 * the other host's: as behind a real switch, what is sent to a host whose link is down is lost without a word. Needs root.
 */
export class Lan {
  readonly here: string;
  readonly there: string;
  /** The interface of this machine, for a capture. */
  readonly interface: string;
  readonly namespace: string;

  private constructor(private readonly name: string) {
    const net = `10.199.${7 + (process.pid % 200)}`;
    this.here = `${net}.1`;
    this.there = `${net}.2`;
    this.interface = `${name}b`;
    this.namespace = `${name}n`;
  }

  static open(): Lan {
    const lan = new Lan(`ts${process.pid % 1_000_000}`);
    open.add(lan);
    const { name, interface: bridge, namespace } = lan;
    ip('netns', 'add', namespace);
    ip('link', 'add', bridge, 'type', 'bridge');
    ip('link', 'add', `${name}v`, 'type', 'veth', 'peer', 'name', `${name}w`);
    ip('link', 'add', `${name}k`, 'type', 'veth', 'peer', 'name', `${name}l`);
    ip('link', 'set', `${name}w`, 'netns', namespace);
    for (const port of [`${name}v`, `${name}k`]) ip('link', 'set', port, 'master', bridge, 'up');
    for (const device of [`${name}l`, bridge]) ip('link', 'set', device, 'up');
    ip('address', 'add', `${lan.here}/24`, 'dev', bridge);
    ip('-n', namespace, 'address', 'add', `${lan.there}/24`, 'dev', `${name}w`);
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    lan.setLink(true);
    return lan;
  }

  /** Takes the other host's link down, or up again. */
  setLink(isUp: boolean): void {
    ip('-n', this.namespace, 'link', 'set', `${this.name}w`, isUp ? 'up' : 'down');
  }

  remove(): void {
    if (!open.delete(this)) return;
    for (const args of [
      ['link', 'del', this.interface],
      ['link', 'del', `${this.name}v`],
      ['link', 'del', `${this.name}k`],
      ['netns', 'del', this.namespace],
    ])
      try {
        ip(...args);
      } catch {
        // It was not made.
      }
  }
}
