/**
 * A console under test: its own data folder, its own host process, and a page on it. One switch decides the shell; the specs do not know which.
 * With Electron's binary absent the Electron run skips by name; nothing is pretended.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import {
  _electron,
  type Browser,
  type BrowserContext,
  test as base,
  chromium,
  type ElectronApplication,
  type Page,
} from '@playwright/test';

const ROOT = resolve(import.meta.dirname, '..', '..', '..');
const NODE = existsSync(join(ROOT, 'node_modules/node/bin/node'))
  ? join(ROOT, 'node_modules/node/bin/node')
  : process.execPath;
const CLI = join(ROOT, 'dist', 'main', 'cli.js');
const SHELL = process.env.FROSTLINE_SHELL === 'electron' ? 'electron' : 'browser';

export const CHROMIUM = {
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
  /** The command line on the same data folder. */
  cli(...args: string[]): { code: number; json: unknown };
  /** Kills the host process as a crash would. */
  killHost(): void;
};

type Opened = { page: Page; close(): Promise<void> };

const openBrowserShell = async (dataDir: string): Promise<Opened> => {
  const server: ChildProcess = spawn(NODE, [CLI, '--data-dir', dataDir, '--json', 'serve'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await firstUrl(server);
  const browser: Browser = await chromium.launch(CHROMIUM);
  const context: BrowserContext = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.goto(url);
  return {
    page,
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

const openElectron = async (dataDir: string, binary: string): Promise<Opened> => {
  const args = [ROOT, '--data-dir', dataDir, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
  const app: ElectronApplication = await _electron.launch({ executablePath: binary, args });
  const page = await app.firstWindow();
  await page.setViewportSize({ width: 1280, height: 800 });
  return { page, close: () => app.close() };
};

const pidOf = (file: string): number | null => {
  try {
    const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid?: number };
    return pid ?? null;
  } catch {
    return null;
  }
};

const kill = (pid: number | null, signal: NodeJS.Signals) => {
  if (pid === null) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already, which is what was wanted.
  }
};

export const test = base.extend<{ console: Console }>({
  console: async ({ browserName: _unused }, use, info) => {
    const binary = electronBinary();
    info.skip(SHELL === 'electron' && binary === null, "Electron's binary is not here");
    const dataDir = mkdtempSync(join(tmpdir(), 'frostline-e2e-'));
    const opened =
      SHELL === 'electron' && binary !== null
        ? await openElectron(dataDir, binary)
        : await openBrowserShell(dataDir);
    await use({
      dataDir,
      page: opened.page,
      cli: (...args) => {
        const done = spawnSync(NODE, [CLI, '--data-dir', dataDir, '--json', ...args], { encoding: 'utf8' });
        return { code: done.status ?? -1, json: JSON.parse(done.stdout.trim().split('\n').at(-1) ?? 'null') };
      },
      killHost: () => kill(pidOf(join(dataDir, 'host.json')), 'SIGKILL'),
    });
    await opened.close();
    kill(pidOf(join(dataDir, 'demo', 'fleet.json')), 'SIGTERM');
    kill(pidOf(join(dataDir, 'host.json')), 'SIGTERM');
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  },
});
