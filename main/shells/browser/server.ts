/**
 * The browser shell: the built renderer and the contract over a WebSocket, on 127.0.0.1 only. It carries frames between a
 * page and the host process, which it starts again when it dies; it understands none of them.
 */
import { createReadStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize, sep } from 'node:path';
import { WebSocket, WebSocketServer } from 'ws';
import { MAX_FRAME_BYTES } from '../../../shared/contract/wire.ts';
import { err, frostError, ok, type Result } from '../../../shared/errors.ts';
import { systemWords } from '../../adapters/fileWords.ts';
import { CONTENT_TYPES } from '../contentTypes.ts';
import { attachChannel } from '../process/attach.ts';
import { newToken } from '../process/folder.ts';
import { isOwnConnection } from './peer.ts';
import {
  cookieName,
  isAllowedHost,
  isAllowedOrigin,
  LaunchGate,
  readCookie,
  SECURITY_HEADERS,
} from './security.ts';

export type ServeOptions = { dataDir: string; port: number; rendererDir: string };
export type BrowserShell = { url: string; port: number; close(): Promise<void> };

/** Service restart (RFC 6455 §7.4.1 registry): the page reconnects by itself. */
const CLOSE_RESTART = 1012;

export const serveBrowser = async (options: ServeOptions): Promise<Result<BrowserShell>> => {
  const token = newToken();
  const gate = new LaunchGate(token, newToken());
  let port = options.port;

  const admitted = (request: IncomingMessage) => gate.admits(readCookie(request.headers, cookieName(port)));

  const server = createServer((request, response) => {
    if (!isAllowedHost(request.headers))
      return plain(response, 421, 'This console answers only on loopback names.');
    if (request.method !== 'GET' && request.method !== 'HEAD') return plain(response, 405, 'Only GET.');
    const url = URL.parse(request.url ?? '/', 'http://127.0.0.1');
    if (url === null) return plain(response, 400, 'Not an address.');
    const offered = url.searchParams.get('token');
    if (url.pathname === '/' && offered !== null) {
      const session = gate.exchange(offered);
      if (session !== null) {
        response.setHeader('Set-Cookie', `${cookieName(port)}=${session}; HttpOnly; SameSite=Strict; Path=/`);
        return redirect(response);
      }
      if (!admitted(request))
        return plain(response, 401, 'This link was used already. Start the console again for a new one.');
      return redirect(response);
    }
    if (!admitted(request))
      return plain(response, 401, 'Open the console with the one-time link that it printed when it started.');
    return file(response, options.rendererDir, url.pathname, request.method === 'HEAD');
  });

  server.on('connection', (socket) => {
    if (!isOwnConnection(socket)) socket.destroy();
  });

  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  server.on('upgrade', (request, socket, head) => {
    // Node takes its own listener off an upgraded socket: without one, a peer that resets the connection would end the shell.
    socket.on('error', () => socket.destroy());
    const allowed =
      request.url === '/ws' &&
      isAllowedHost(request.headers) &&
      isAllowedOrigin(request.headers) &&
      admitted(request);
    if (!allowed) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (page) => {
      relay(page, options.dataDir).catch(() => page.terminate());
    });
  });

  const listening = await new Promise<Result<void>>((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve(
        err(
          frostError('input.invalid', `Port ${options.port} cannot be used: ${systemWords(error)}.`, {
            hint: 'Leave --port out for a free one.',
          }),
        ),
      ),
    );
    server.listen(options.port, '127.0.0.1', () => resolve(ok(undefined)));
  });
  if (!listening.ok) return listening;
  port = (server.address() as AddressInfo).port;

  return ok({
    url: `http://127.0.0.1:${port}/?token=${token}`,
    port,
    close: () =>
      new Promise((resolve) => {
        for (const page of sockets.clients) page.terminate();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
};

/** Frames from the page wait until the host process is reached; the hello is ours, the page knows no token. */
const relay = async (page: WebSocket, dataDir: string): Promise<void> => {
  const early: string[] = [];
  let forward = (text: string): void => {
    early.push(text);
  };
  page.on('message', (data, binary) => {
    if (binary) page.close(1003);
    else forward(data.toString());
  });
  page.on('error', () => page.terminate());
  const attached = await attachChannel(dataDir);
  if (!attached.ok) return page.close(CLOSE_RESTART, attached.error.message.slice(0, 100));
  const { channel, token } = attached.value;
  channel.onFrame((text) => {
    if (page.readyState === WebSocket.OPEN) page.send(text);
  });
  channel.onClose(() => page.close(CLOSE_RESTART, 'the host process ended'));
  page.on('close', () => channel.close());
  if (page.readyState !== WebSocket.OPEN) return channel.close();
  channel.send(JSON.stringify({ t: 'hello', actor: 'window', token }));
  forward = (text) => {
    if (!isHello(text)) channel.send(text);
  };
  for (const text of early) forward(text);
};

const isHello = (text: string): boolean => /^\s*\{\s*"t"\s*:\s*"hello"/.test(text);

const headers = (response: ServerResponse) => {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
};

const plain = (response: ServerResponse, status: number, text: string) => {
  headers(response);
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
};

const redirect = (response: ServerResponse) => {
  headers(response);
  response.writeHead(303, { Location: '/' }).end();
};

const file = (response: ServerResponse, root: string, pathname: string, headOnly: boolean) => {
  let path: string;
  try {
    path = normalize(join(root, decodeURIComponent(pathname)));
  } catch {
    return plain(response, 400, 'Not an address.');
  }
  // No file has a NUL in its name, and the system call would throw.
  if (path.includes('\0') || (path !== root && !path.startsWith(root + sep)))
    return plain(response, 404, 'Not found.');
  const type = CONTENT_TYPES[extname(path)];
  const found = type !== undefined && statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  // Addresses of pages are the renderer's own business; a missing asset is not a page.
  if (!found && extname(pathname) !== '') return plain(response, 404, 'Not found.');
  const served = found ? path : join(root, 'index.html');
  headers(response);
  response.writeHead(200, { 'Content-Type': found ? type : CONTENT_TYPES['.html'] });
  if (headOnly) return response.end();
  return createReadStream(served)
    .on('error', () => response.end())
    .pipe(response);
};
