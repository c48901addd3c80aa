import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { LabError } from './process.ts';

/**
 * What goes wrong with the requests it matches:
 * `missing` 404 · `error` 503 · `corrupt` right length, wrong bytes (so the hash is wrong) · `slow` at most `bytesPerSecond` ·
 * `stall` accepts and never answers · `cut` closes the connection half-way through the body.
 */
export interface Fault {
  readonly kind: 'missing' | 'error' | 'corrupt' | 'slow' | 'stall' | 'cut';
  /** Tested against the path below the repository's root, e.g. `/debian/pool/lab/lab-big_1.1_amd64.deb`, `/rpm/Packages/lab-big-1.1-1.x86_64.rpm`. */
  readonly path: RegExp;
  /** Only requests of this host: its apt or dnf tells its name in the User-Agent, its zypper in the path (`/at/NAME/rpm/…`). */
  readonly host?: string;
  /** For `slow`. */
  readonly bytesPerSecond?: number;
}

export interface Request {
  readonly host: string | null;
  readonly path: string;
  readonly status: number;
}

export interface RepositoryServer {
  readonly address: string;
  readonly port: number;
  /** Every request answered so far, oldest first. */
  readonly requests: readonly Request[];
  /** Switches a fault on; the returned function switches it off. */
  fault(fault: Fault): () => void;
  /** Answers at another address too, at the same port. */
  alsoAt(address: string): Promise<void>;
  close(): Promise<void>;
}

/** Limits the rate: each chunk waits for its share of the time. */
class Throttle extends Transform {
  readonly #bytesPerSecond: number;
  constructor(bytesPerSecond: number) {
    super({ readableHighWaterMark: 16 * 1024 });
    this.#bytesPerSecond = bytesPerSecond;
  }
  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    setTimeout(() => done(null, chunk), (chunk.length / this.#bytesPerSecond) * 1000);
  }
}

const listen = (server: Server, port: number, address: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new LabError(`repository ${address}:${port}: ${error.message}`)));
    server.listen(port, address, () => {
      const bound: AddressInfo | string | null = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });

/**
 * Serves each directory of `roots` under its prefix (e.g. `/debian/`), also to clients that use the server as a proxy (absolute
 * request URLs). Port 0: any.
 */
export const serveRepository = async (
  roots: Readonly<Record<string, string>>,
  address: string,
  port: number,
): Promise<RepositoryServer> => {
  const faults = new Set<Fault>();
  const requests: Request[] = [];

  const body = async (
    file: string,
    size: number,
    fault: Fault | undefined,
    response: ServerResponse,
  ): Promise<void> => {
    if (fault?.kind === 'cut') {
      const bytes = await readFile(file);
      response.write(bytes.subarray(0, Math.floor(size / 2)), () => response.destroy());
      return;
    }
    if (fault?.kind === 'corrupt') {
      const bytes = await readFile(file);
      const last = bytes.length - 1;
      bytes[last] = (bytes[last] ?? 0) ^ 0xff;
      response.end(bytes);
      return;
    }
    const source = createReadStream(file, { highWaterMark: 16 * 1024 });
    if (fault?.kind === 'slow')
      await pipeline(source, new Throttle(fault.bytesPerSecond ?? 32 * 1024), response);
    else await pipeline(source, response);
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? '/', 'http://repo.lab');
    const [, named, path = '/'] =
      /^(?:\/at\/([^/]+))?(\/.*)$/.exec(normalize(decodeURIComponent(pathname))) ?? [];
    const host = named ?? /\blab-host\/(\S+)/.exec(request.headers['user-agent'] ?? '')?.[1] ?? null;
    const fault = [...faults].find((f) => f.path.test(path) && (f.host === undefined || f.host === host));
    const note = (status: number): void => {
      requests.push({ host, path, status });
      response.statusCode = status;
    };
    if (fault?.kind === 'stall') return;
    if (fault?.kind === 'error') {
      note(503);
      response.end('unavailable\n');
      return;
    }
    const [prefix, dir] = Object.entries(roots).find(([root]) => path.startsWith(root)) ?? [];
    const file = prefix === undefined || dir === undefined ? null : join(dir, path.slice(prefix.length));
    const found = fault?.kind === 'missing' || file === null ? null : await stat(file).catch(() => null);
    if (file === null || found?.isFile() !== true) {
      note(404);
      response.end('not found\n');
      return;
    }
    const modified = new Date(Math.floor(found.mtimeMs / 1000) * 1000);
    response.setHeader('Last-Modified', modified.toUTCString());
    const since = Date.parse(request.headers['if-modified-since'] ?? '');
    if (fault === undefined && modified.getTime() <= since) {
      note(304);
      response.end();
      return;
    }
    note(200);
    response.setHeader('Content-Length', found.size);
    if (request.method === 'HEAD') response.end();
    else await body(file, found.size, fault, response);
  };

  const servers: Server[] = [];
  const serve = (at: string, on: number): Promise<number> => {
    const server = createServer((request, response) => {
      // A host that goes away in mid-transfer (power cut, killed apt) is an everyday event here.
      answer(request, response).catch(() => response.destroy());
    });
    server.keepAliveTimeout = 60_000;
    servers.push(server);
    return listen(server, on, at);
  };
  const bound = await serve(address, port);
  return {
    address,
    port: bound,
    requests,
    fault: (fault) => {
      faults.add(fault);
      return () => faults.delete(fault);
    },
    alsoAt: async (other) => {
      await serve(other, bound);
    },
    close: async () => {
      const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
      for (const server of servers) server.closeAllConnections();
      await Promise.race([Promise.all(closed), delay(2000)]);
    },
  };
};
