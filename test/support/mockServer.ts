/**
 * The window over a mock host, to look at pages in a browser without any real host: serves dist/renderer (or DIR) and the wire at `/ws`.
 *   node test/support/mockServer.ts --port 5199 [--hosts N] [--mood normal|loading|error] [--vault absent|locked|unlocked] [--still] [--dir DIR] [--run JSON]
 * `--run` gives the live run's parameters. It goes on by itself unless `--still`. `POST /mock/step`, `/mock/drop` (closes every socket), `/mock/restart` (another
 * instance), `/mock/mood?to=error` steer it from outside.
 */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Channel } from '../../main/adapters/rpc/channel.ts';
import { serveChannel } from '../../main/adapters/rpc/serve.ts';
import { SECURITY_HEADERS } from '../../main/shells/browser/security.ts';
import { RunParameters } from '../../shared/model/plan.ts';
import type { Mood } from './mock/hub.ts';
import { id } from './mock/sample.ts';
import { createMockHost } from './mockHost.ts';
import { collectingLog } from './ports.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '5199' },
    hosts: { type: 'string', default: '24' },
    mood: { type: 'string', default: 'normal' },
    vault: { type: 'string', default: 'locked' },
    still: { type: 'boolean', default: false },
    dir: { type: 'string', default: '' },
    run: { type: 'string', default: '{"concurrency":"25%"}' },
  },
});

const rendererDir =
  values.dir === ''
    ? join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'dist', 'renderer')
    : resolve(values.dir);
if (!existsSync(join(rendererDir, 'index.html'))) {
  console.error('dist/renderer is not built: node_modules/.bin/vite build');
  process.exit(2);
}
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const isMood = (text: string | null | undefined): text is Mood =>
  text === 'normal' || text === 'loading' || text === 'error';
const isVault = (text: string | undefined): text is 'absent' | 'locked' | 'unlocked' =>
  text === 'absent' || text === 'locked' || text === 'unlocked';

const host = createMockHost({
  hosts: Number(values.hosts),
  ...(isVault(values.vault) ? { vault: values.vault } : {}),
  run: RunParameters.parse(JSON.parse(values.run)),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
});
const live = host.state.store.hosts().length > 0 ? await host.fill() : undefined;
if (isMood(values.mood)) host.state.mood = values.mood;
if (live !== undefined && !values.still)
  setInterval(() => {
    if (!host.step(live.runId, 2))
      host.handlers['runs.retry'](
        { id: live.runId },
        { signal: new AbortController().signal, actor: 'mock' },
      );
  }, 400);

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (request.method === 'POST') {
    if (url.pathname === '/mock/step' && live !== undefined)
      host.step(live.runId, Number(url.searchParams.get('count') ?? 1));
    if (url.pathname === '/mock/restart') host.state.instance = id(Date.now() % 0xffff_ffff);
    if (url.pathname === '/mock/restart' || url.pathname === '/mock/drop')
      for (const page of sockets.clients) page.close(1012);
    const mood = url.searchParams.get('to');
    if (url.pathname === '/mock/mood' && isMood(mood)) host.state.mood = mood;
    response.writeHead(204).end();
    return;
  }
  const file = normalize(join(rendererDir, url.pathname === '/' ? 'index.html' : url.pathname));
  if (!file.startsWith(rendererDir) || !existsSync(file) || !statSync(file).isFile()) {
    response.writeHead(404, SECURITY_HEADERS).end();
    return;
  }
  response.writeHead(200, {
    ...SECURITY_HEADERS,
    'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream',
  });
  createReadStream(file).pipe(response);
});

const channelOf = (socket: WebSocket): Channel => ({
  send: (text) => socket.send(text),
  onFrame: (receive) => void socket.on('message', (data) => receive(data.toString())),
  onClose: (closed) => void socket.on('close', closed),
  close: () => socket.close(),
  drained: async () => {},
});
const sockets = new WebSocketServer({ server, path: '/ws' });
sockets.on('connection', (socket) =>
  serveChannel(channelOf(socket), {
    handlers: host.handlers,
    log: collectingLog(),
    correlationId: () => 'mock',
  }),
);
server.listen(Number(values.port), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${values.port}/`);
  if (live !== undefined) console.log(`plan #/plan/${live.planId}  run #/runs/${live.runId}`);
});
