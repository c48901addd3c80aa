/** Attacks on the browser shell: another page in the same browser, a rebound name, another user on the same machine. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { isOwnPeer } from '../../main/shells/browser/peer.ts';
import { isAllowedHost, LaunchGate } from '../../main/shells/browser/security.ts';
import { type BrowserShell, serveBrowser } from '../../main/shells/browser/server.ts';

let dir: string;
let shell: BrowserShell;
let cookie: string;

type Answer = { status: number; headers: Record<string, string | string[] | undefined>; body: string };

const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: shell.port, path, method, headers }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'frostline-browser-'));
  const rendererDir = join(dir, 'renderer');
  mkdirSync(join(rendererDir, 'assets'), { recursive: true });
  writeFileSync(join(rendererDir, 'index.html'), '<!doctype html><title>Frostline</title>');
  writeFileSync(join(rendererDir, 'assets', 'app.js'), 'export {};');
  writeFileSync(join(dir, 'secret.js'), 'do not serve');
  const served = await serveBrowser({ dataDir: join(dir, 'data'), port: 0, rendererDir });
  if (!served.ok) throw new Error(served.error.message);
  shell = served.value;
});

afterAll(async () => {
  await shell.close();
  rmSync(dir, { recursive: true, force: true });
});

describe('the one-time link', () => {
  it('shows nothing to who has no session', async () => {
    expect((await get('/')).status).toBe(401);
    expect((await get('/assets/app.js')).status).toBe(401);
    expect((await get('/?token=wrong')).status).toBe(401);
  });

  it('is exchanged once for a cookie that scripts and other sites cannot use', async () => {
    const path = shell.url.slice(shell.url.indexOf('/?'));
    const first = await get(path);
    expect(first.status).toBe(303);
    expect(first.headers.location).toBe('/');
    const [set = ''] = [first.headers['set-cookie']].flat();
    expect(set).toMatch(/HttpOnly/);
    expect(set).toMatch(/SameSite=Strict/);
    cookie = set.split(';')[0] ?? '';
    expect((await get(path)).status).toBe(401);
    expect((await get('/', { cookie })).status).toBe(200);
  });

  it('compares in constant time and forgets the token', () => {
    const gate = new LaunchGate('t'.repeat(64), 's'.repeat(64));
    expect(gate.exchange('')).toBeNull();
    expect(gate.exchange('t'.repeat(64))).toBe('s'.repeat(64));
    expect(gate.exchange('t'.repeat(64))).toBeNull();
    expect(gate.admits(undefined)).toBe(false);
    expect(gate.admits('s'.repeat(63))).toBe(false);
  });
});

describe('a rebound name', () => {
  it.each([
    'evil.example',
    'evil.example:80',
    '127.0.0.1.evil.example',
    'localhost.evil.example:1',
    '10.0.0.1',
    '',
  ])('is refused: %s', (host) => {
    expect(isAllowedHost({ host })).toBe(false);
  });
  it.each(['127.0.0.1:8080', 'localhost:9', '[::1]:8080', 'localhost'])(
    'a loopback name is not: %s',
    (host) => {
      expect(isAllowedHost({ host })).toBe(true);
    },
  );
  it('gets no page even with the cookie', async () => {
    expect((await get('/', { cookie, host: 'evil.example' })).status).toBe(421);
  });
});

describe('files', () => {
  it('are served under a policy without inline code, frames or foreign network', async () => {
    const page = await get('/fleet', { cookie });
    expect(page.status).toBe(200);
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(policy).toContain("connect-src 'self'");
    expect(page.headers['x-content-type-options']).toBe('nosniff');
  });

  it.each([
    '/../secret.js',
    '/..%2fsecret.js',
    '/assets/..%2f..%2fsecret.js',
    '/%2e%2e/secret.js',
    '/assets/%00',
    '/%ff',
  ])('stay in their folder: %s', async (path) => {
    const answer = await get(path, { cookie });
    expect(answer.body).not.toContain('do not serve');
  });

  it('answer nothing but GET and HEAD', async () => {
    expect((await get('/', { cookie }, 'POST')).status).toBe(405);
  });
});

describe('the socket', () => {
  const open = (headers: Record<string, string>): Promise<'open' | 'refused'> =>
    new Promise((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${shell.port}/ws`, { headers });
      socket.on('open', () => {
        socket.terminate();
        resolve('open');
      });
      socket.on('error', () => resolve('refused'));
    });

  it('is refused without the session, from another origin, or without one', async () => {
    const origin = `http://127.0.0.1:${shell.port}`;
    expect(await open({ origin })).toBe('refused');
    expect(await open({ cookie })).toBe('refused');
    expect(await open({ cookie, origin: 'http://evil.example' })).toBe('refused');
    expect(await open({ cookie, origin: `http://127.0.0.1:${shell.port + 1}` })).toBe('refused');
    expect(await open({ cookie, origin: 'null' })).toBe('refused');
  });
});

describe('who has no session and means harm', () => {
  /** Sends bytes no browser's address bar would, and tells what came back. */
  const raw = (bytes: string, reset = false): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(shell.port, '127.0.0.1');
      let said = '';
      socket.on('data', (chunk) => {
        said += chunk;
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(said));
      socket.on('connect', () => {
        socket.write(bytes, () => {
          if (reset) socket.resetAndDestroy();
        });
      });
    });
  const ask = (address: string, more = '') =>
    raw(`GET ${address} HTTP/1.1\r\nHost: 127.0.0.1:${shell.port}\r\nConnection: close\r\n${more}\r\n`);

  // A page anywhere can have the browser ask for these: a thrown exception would end the console.
  it.each(['//', '///', '//@', 'http://[', '/%', '/?token=%', '/assets/%00.js', '*'])(
    'does not end the console by asking for %s',
    async (address) => {
      expect(await ask(address)).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect((await get('/', { cookie })).status).toBe(200);
    },
  );

  it('nor with the session', async () => {
    for (const address of ['//', '/assets/%00.js', '/assets/%', '/assets/..%00/x.js'])
      expect(await ask(address, `Cookie: ${cookie}\r\n`)).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect((await get('/', { cookie })).status).toBe(200);
  });

  it('nor by resetting a connection in the middle of an upgrade', async () => {
    const upgrade = `GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${shell.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    await Promise.all(Array.from({ length: 50 }, () => raw(upgrade, true)));
    expect((await get('/', { cookie })).status).toBe(200);
  });
});

describe('another account of this machine that has learned the cookie', () => {
  const row = (local: number, remote: number, uid: number, inode: number) =>
    `   1: 0100007F:${local.toString(16).toUpperCase().padStart(4, '0')} 0100007F:${remote.toString(16).toUpperCase().padStart(4, '0')} 01 00000000:00000000 00:00000000 00000000 ${uid} 0 ${inode} 1 0`;
  const ends = { server: 8080, client: 50_000 };
  const table = (uid: number, inode = 7) => [
    [row(8080, 50_000, 1000, 6), row(50_000, 8080, uid, inode)].join('\n'),
  ];

  it('is not let in', () => {
    expect(isOwnPeer(ends, table(1000), 1000)).toBe(true);
    expect(isOwnPeer(ends, table(0), 1000)).toBe(true);
    expect(isOwnPeer(ends, table(1001), 1000)).toBe(false);
    expect(isOwnPeer(ends, table(1001), 0)).toBe(false);
  });
  it('nor after it has gone away, when nobody can tell whose connection it was', () => {
    expect(isOwnPeer(ends, table(0, 0), 1000)).toBe(false);
    expect(isOwnPeer(ends, [row(8080, 50_000, 1000, 6)], 1000)).toBe(false);
  });
  it('where the system tells nothing, the session alone decides', () => {
    expect(isOwnPeer(ends, ['', ''], 1000)).toBe(true);
  });
  it.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)('is cut off for real', async () => {
    const status = await new Promise<number | null>((resolve) => {
      // Node itself, as the account "nobody".
      const code = `const s=require('net').connect(${shell.port},'127.0.0.1');let t='';s.on('data',d=>t+=d);s.on('error',()=>{});s.on('close',()=>process.exit(t===''?7:8));s.write('GET / HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nConnection: close\\r\\n\\r\\n')`;
      spawn('/usr/bin/env', ['node', '-e', code], { uid: 65534, gid: 65534, cwd: '/', stdio: 'ignore' }).on(
        'close',
        resolve,
      );
    });
    expect(status).toBe(7);
  });
});
