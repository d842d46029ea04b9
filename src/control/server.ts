import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { z } from 'zod';
import { AppError } from '../core/errors.js';
import { type ImpairmentSpec, impairmentSpec } from '../impair/impairment-spec.js';
import type { ControlSpec } from './spec.js';

/** What is steered: a run, or a relay. */
export interface Controlled {
  /** What is in force, as JSON. */
  impairment(): unknown;
  /** Why what is steered cannot do it, however right it is written; `null` when it can. */
  refusal?(impairment: ImpairmentSpec): string | null;
  /** Other impairments, for the calls that are up and for those that come. */
  changeImpairment(impairment: ImpairmentSpec): void;
}

const ADDRESS = '127.0.0.1';
const PATH = '/impairment';
const MOST_BYTES = 64 * 1024;
/** A request that is not complete by then is closed. */
const REQUEST_TIMEOUT_MS = 5000;

/**
 * HTTP on loopback, for those who know the token: `GET /impairment` says what is in force, `PUT /impairment` replaces it by a
 * JSON body of the same form as in a profile.
 */
export class ControlServer {
  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  /** Rejects with AppError where the port cannot be had. */
  static open({ port, token }: ControlSpec, controlled: Controlled): Promise<ControlServer> {
    const digest = digestOf(token);
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
      if (!isAllowed(request, digest)) {
        response.setHeader('WWW-Authenticate', 'Bearer');
        answer(response, 401, {
          error: 'a request needs `Authorization: Bearer TOKEN` with the token that was set for it',
        });
        return;
      }
      handle(request, response, controlled);
    });
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const taken = error.code === 'EADDRINUSE';
        reject(
          new AppError(
            taken ? 'PORT_TAKEN' : 'ADDRESS_UNUSABLE',
            `The control endpoint cannot listen (${error.code})`,
            {
              where: `control.port ${port} on ${ADDRESS}`,
              expected: 'a TCP port that is free',
              hint: 'Give another port, or 0 for any.',
            },
          ),
        );
      });
      server.listen(port, ADDRESS, () => resolve(new ControlServer(server, (server.address() as AddressInfo).port)));
    });
  }

  get url(): string {
    return `http://${ADDRESS}:${this.port}${PATH}`;
  }

  /** Idempotent. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Digests are compared: they are of one length, and the time that takes tells nothing. */
function isAllowed({ headers }: IncomingMessage, digest: Buffer): boolean {
  const given = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '');
  return given !== null && timingSafeEqual(digestOf(given[1]), digest);
}

function handle(request: IncomingMessage, response: ServerResponse, controlled: Controlled): void {
  if (request.url !== PATH) answer(response, 404, { error: `there is ${PATH} only` });
  else if (request.method === 'GET') answer(response, 200, controlled.impairment());
  else if (request.method === 'PUT') takeBody(request, response, controlled);
  else {
    response.setHeader('Allow', 'GET, PUT');
    answer(response, 405, { error: 'GET reads, PUT changes' });
  }
}

function takeBody(request: IncomingMessage, response: ServerResponse, controlled: Controlled): void {
  const parts: Buffer[] = [];
  let length = 0;
  request.on('data', (part: Buffer) => {
    length += part.length;
    if (length <= MOST_BYTES) parts.push(part);
  });
  request.on('error', () => response.destroy());
  request.on('end', () => {
    if (length > MOST_BYTES) {
      answer(response, 413, { error: `an impairment has ${MOST_BYTES} bytes at most` });
      return;
    }
    const read = readImpairment(Buffer.concat(parts).toString('utf8'));
    if ('mistakes' in read) {
      answer(response, 400, read);
      return;
    }
    const refusal = controlled.refusal?.(read.impairment) ?? null;
    if (refusal !== null) {
      answer(response, 400, { mistakes: [{ path: 'select', message: refusal }] });
      return;
    }
    controlled.changeImpairment(read.impairment);
    answer(response, 200, controlled.impairment());
  });
}

interface Mistake {
  path: string;
  message: string;
}

function readImpairment(text: string): { impairment: ImpairmentSpec } | { mistakes: Mistake[] } {
  let written: unknown;
  try {
    written = JSON.parse(text);
  } catch (error) {
    return { mistakes: [{ path: '', message: `no JSON: ${(error as Error).message}` }] };
  }
  if (namesFile(written))
    return { mistakes: [{ path: '', message: 'traces come with the request (`bits`, `values`), not from a `file`' }] };
  const read = impairmentSpec.safeParse(written);
  return read.success ? { impairment: read.data } : { mistakes: read.error.issues.map(mistakeOf) };
}

/** No file is opened for a request: packets are under way meanwhile. */
function namesFile(written: unknown): boolean {
  if (typeof written !== 'object' || written === null) return false;
  return 'file' in written || Object.values(written).some(namesFile);
}

function mistakeOf({ path, message }: z.core.$ZodIssue): Mistake {
  return { path: path.join('.'), message };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  const text = `${JSON.stringify(body, null, 2)}\n`;
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(text);
}
