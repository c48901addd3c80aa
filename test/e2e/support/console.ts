/**
 * A console under test: its own data folder, its own host process, and a page on it. One switch decides the shell; the specs do not know which.
 * With Electron's binary absent the Electron run skips by name; nothing is pretended.
 *
 * Every window is watched: an error on its console (a breach of the content security policy is one), an exception, or a request
 * to anywhere but its own origin fails the test that caused it.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import {
  _electron,
  type Browser,
  test as base,
  chromium,
  type ElectronApplication,
  expect,
  type Page,
} from '@playwright/test';
import type { z } from 'zod';

const ROOT = resolve(import.meta.dirname, '..', '..', '..');
const NODE = existsSync(join(ROOT, 'node_modules/node/bin/node'))
  ? join(ROOT, 'node_modules/node/bin/node')
  : process.execPath;
const CLI = join(ROOT, 'dist', 'main', 'cli.js');
const SHELL = process.env.FROSTLINE_SHELL === 'electron' ? 'electron' : 'browser';
const VIEWPORT = { width: 1280, height: 800 };
const NO_RESOLVER = pathToFileURL(join(import.meta.dirname, 'noResolver.mjs')).href;
/** Of a click, a download, and whatever else a page is asked for. */
const STEP_TIMEOUT = 60_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

const CHROMIUM = {
  executablePath: process.env.FROSTLINE_CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    '--disable-quic',
  ],
};

const electronBinary = (): string | null => {
  const file = join(ROOT, 'node_modules', 'electron', 'path.txt');
  if (!existsSync(file)) return null;
  const binary = join(ROOT, 'node_modules', 'electron', 'dist', readFileSync(file, 'utf8').trim());
  return existsSync(binary) ? binary : null;
};

export type Console = {
  dataDir: string;
  page: Page;
  /** Another window on the same data folder, at its first page. */
  openWindow(): Promise<Page>;
  /** The command line on the same data folder. */
  cli(...args: string[]): Promise<{ code: number; json: unknown }>;
  /** The same, checked against a shape. */
  read<T>(shape: z.ZodType<T>, ...args: string[]): Promise<T>;
  /** The demo fleet with its hosts scanned, without the window. */
  startFleet(hosts: number): Promise<void>;
  /** Kills the host process as a crash would. */
  killHost(): void;
  /** Lets the host process stand still, as a machine that swaps does, until it may go on. */
  freezeHost(): () => void;
};

type Opened = { page: Page; openWindow(): Promise<Page>; close(): Promise<void> };

const childEnv = ({ pace, staysDown }: Options): NodeJS.ProcessEnv => ({
  ...process.env,
  NODE_OPTIONS: `--import=${NO_RESOLVER}`,
  FROSTLINE_DEMO_PACE: String(pace),
  FROSTLINE_DEMO_STAYS_DOWN: staysDown,
});

const openBrowserShell = async (dataDir: string, env: NodeJS.ProcessEnv): Promise<Opened> => {
  const server: ChildProcess = spawn(NODE, [CLI, '--data-dir', dataDir, '--json', 'serve'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
  const url = await firstUrl(server);
  const browser: Browser = await chromium.launch(CHROMIUM);
  const context = await browser.newContext({ viewport: VIEWPORT, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(url);
  return {
    page,
    openWindow: async () => {
      const other = await context.newPage();
      await other.goto(new URL('/', url).href);
      return other;
    },
    close: async () => {
      await browser.close();
      const ended = new Promise((done) => server.once('exit', done));
      server.kill('SIGTERM');
      await ended;
    },
  };
};

const firstUrl = async (server: ChildProcess): Promise<string> => {
  if (server.stdout === null) throw new Error('the server has no output');
  for await (const line of createInterface({ input: server.stdout })) {
    const { url } = JSON.parse(line) as { url?: string };
    if (url !== undefined) return url;
    throw new Error(line);
  }
  throw new Error('the server ended before it told its address');
};

const openElectron = async (dataDir: string, binary: string, env: NodeJS.ProcessEnv): Promise<Opened> => {
  const apps: ElectronApplication[] = [];
  const open = async () => {
    // A profile of its own: Electron lets one process of a profile live.
    const profile = `--user-data-dir=${join(dataDir, `electron-${apps.length}`)}`;
    const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const given = Object.entries(env).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    );
    const app = await _electron.launch({
      executablePath: binary,
      args: [ROOT, '--data-dir', dataDir, profile, ...root],
      env: Object.fromEntries(given),
    });
    apps.push(app);
    const page = await app.firstWindow();
    await page.setViewportSize(VIEWPORT);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    return page;
  };
  const page = await open();
  return {
    page,
    openWindow: open,
    close: async () => {
      for (const app of apps) await app.close();
    },
  };
};

/** Notes what no window may ever do. */
const watch = (page: Page, problems: string[]): Page => {
  page.setDefaultTimeout(STEP_TIMEOUT);
  const own = new URL(page.url());
  const isOwn = (address: string) => {
    const url = new URL(address);
    return ['blob:', 'data:'].includes(url.protocol) || url.host === own.host;
  };
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => problems.push(`exception: ${error.message}`));
  page.on('request', (request) => {
    if (!isOwn(request.url())) problems.push(`request to ${request.url()}`);
  });
  page.on('websocket', (socket) => {
    if (!isOwn(socket.url())) problems.push(`socket to ${socket.url()}`);
  });
  return page;
};

const pidOf = (file: string): number | null => {
  try {
    const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid?: number };
    return pid ?? null;
  } catch {
    return null;
  }
};

const kill = (pid: number | null, signal: NodeJS.Signals | 0): boolean => {
  try {
    return pid !== null && process.kill(pid, signal);
  } catch {
    // It has ended already, which is what was wanted.
    return false;
  }
};

const end = async (pid: number | null) => {
  kill(pid, 'SIGTERM');
  kill(pid, 'SIGCONT');
  await expect.poll(() => kill(pid, 0), { timeout: STEP_TIMEOUT }).toBe(false);
};

const launch = async (
  options: Options,
  problems: string[],
): Promise<Console & { close(): Promise<void> }> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'frostline-e2e-'));
  const env = childEnv(options);
  const hostFile = join(dataDir, 'host.json');
  const binary = SHELL === 'electron' ? electronBinary() : null;
  const opened =
    binary === null ? await openBrowserShell(dataDir, env) : await openElectron(dataDir, binary, env);
  watch(opened.page, problems);
  const cli: Console['cli'] = (...args) =>
    new Promise((done) => {
      const options = { encoding: 'utf8' as const, env, maxBuffer: MAX_OUTPUT_BYTES };
      execFile(NODE, [CLI, '--data-dir', dataDir, '--json', ...args], options, (error, stdout) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        done({ code, json: JSON.parse(stdout.trim().split('\n').at(-1) || 'null') });
      });
    });
  return {
    dataDir,
    page: opened.page,
    openWindow: async () => watch(await opened.openWindow(), problems),
    cli,
    read: async (shape, ...args) => shape.parse((await cli(...args)).json),
    startFleet: async (hosts) => {
      expect((await cli('demo', '--hosts', String(hosts))).code).toBe(0);
      // One of the demo's hosts cannot be reached, which the exit code says.
      expect((await cli('scan', 'all')).code).toBe(1);
    },
    killHost: () => void kill(pidOf(hostFile), 'SIGKILL'),
    freezeHost: () => {
      const pid = pidOf(hostFile);
      kill(pid, 'SIGSTOP');
      return () => void kill(pid, 'SIGCONT');
    },
    close: async () => {
      await opened.close();
      await end(pidOf(join(dataDir, 'demo', 'fleet.json')));
      await end(pidOf(hostFile));
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
};

type Options = {
  /** Milliseconds a package takes to install on a demo host. */
  pace: number;
  /** Demo hosts that do not come back from a restart, by commas. */
  staysDown: string;
};
type Fixtures = {
  console: Console;
  /** A second console of its own, as another admin has. */
  openConsole: () => Promise<Console>;
};

export const test = base.extend<Options & Fixtures & { problems: string[] }>({
  pace: [30, { option: true }],
  staysDown: ['', { option: true }],
  problems: async ({ browserName: _unused }, use) => {
    const problems: string[] = [];
    await use(problems);
    expect(problems, 'what no window may do').toEqual([]);
  },
  openConsole: async ({ pace, staysDown, problems }, use, info) => {
    info.skip(SHELL === 'electron' && electronBinary() === null, "Electron's binary is not here");
    const open: { close(): Promise<void> }[] = [];
    await use(async () => {
      const launched = await launch({ pace, staysDown }, problems);
      open.push(launched);
      return launched;
    });
    for (const each of open) await each.close();
  },
  console: async ({ openConsole }, use) => use(await openConsole()),
});
export { expect };
