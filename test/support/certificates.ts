import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** PEM texts. */
export interface Certificate {
  cert: string;
  key: string;
}

/** A certificate authority that lives in a temporary folder, made with the machine's openssl. */
export class Authority {
  private readonly folder = mkdtempSync(join(tmpdir(), 'trunkstorm-ca-'));
  private count = 0;
  readonly ca: string;

  constructor() {
    this.openssl(['req', '-x509', '-subj', '/CN=test authority', '-days', '2', ...this.newKey('ca'), '-out', 'ca.pem']);
    this.ca = this.read('ca.pem');
  }

  /** A certificate for such names, e.g. `DNS:trunk.test,IP:127.0.0.1`. */
  issue(names: string): Certificate {
    const name = `leaf${++this.count}`;
    this.openssl(['req', '-new', '-subj', '/CN=leaf', ...this.newKey(name), '-out', `${name}.csr`]);
    writeFileSync(join(this.folder, `${name}.ext`), `subjectAltName=${names}\n`);
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', `${name}.ext`];
    this.openssl(['x509', '-req', '-in', `${name}.csr`, ...signed, '-out', `${name}.pem`]);
    return { cert: this.read(`${name}.pem`), key: this.read(`${name}.key`) };
  }

  /** The path of a file of the folder with this content. */
  file(name: string, content: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private newKey(name: string): string[] {
    return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`];
  }

  private openssl(args: string[]): void {
    execFileSync('openssl', args, { cwd: this.folder, stdio: 'ignore' });
  }

  private read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }
}
