/**
 * Electron's main process: windows, their confinement, the app:// protocol and the system's keychain, nothing else. The core
 * runs in the host process, which this shell attaches to like any other.
 */
import { readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, BrowserWindow, MessageChannelMain, protocol, safeStorage, session, shell } from 'electron';
import { defaultDataDir } from '../../adapters/platform.ts';
import { SECURITY_HEADERS } from '../browser/security.ts';
import { CONTENT_TYPES } from '../contentTypes.ts';
import { attach, attachChannel } from '../process/attach.ts';
import { openWithKeychain } from './keychain.ts';
import { assetOf } from './policy.ts';
import { type MainPort, relayWindow } from './relay.ts';
import { confine, confineSession, createWindow } from './window.ts';

const here = dirname(fileURLToPath(import.meta.url));
const RENDERER = join(here, '..', 'renderer');
const PRELOAD = join(here, '..', 'preload');

const given = process.argv.indexOf('--data-dir');
const dataDir = (given >= 0 ? process.argv[given + 1] : undefined) ?? defaultDataDir();

protocol.registerSchemesAsPrivileged([
  { scheme: 'app', privileges: { standard: true, secure: true, codeCache: true } },
]);
app.enableSandbox();

const serveAsset = async (request: Request): Promise<Response> => {
  const segments = assetOf(request.url);
  const type = CONTENT_TYPES[extname(segments?.at(-1) ?? '')];
  if (segments === null || type === undefined) return new Response('Not found.', { status: 404 });
  try {
    const body = await readFile(join(RENDERER, ...segments));
    return new Response(new Uint8Array(body), { headers: { ...SECURITY_HEADERS, 'Content-Type': type } });
  } catch {
    return new Response('Not found.', { status: 404 });
  }
};

/** The host process may be a new one, with its vault shut. */
const openVault = async (): Promise<void> => {
  const client = await attach(dataDir, 'keychain');
  if (!client.ok) return;
  const file = join(dataDir, 'keychain.bin');
  await openWithKeychain({
    client: client.value,
    cipher: safeStorage,
    file,
    linux: process.platform === 'linux',
  }).catch(() => 'failed');
  client.value.close();
};

const open = (): void => {
  const window = createWindow({ BrowserWindow, shell, preloadDir: PRELOAD });
  // A reload is a new page with a preload script of its own, which wants a port of its own.
  let page = 0;
  window.webContents.on('did-finish-load', () => {
    page += 1;
    const mine = page;
    void relayWindow({
      attach: async () => {
        await openVault();
        return attachChannel(dataDir);
      },
      newPort: () => {
        const { port1, port2 } = new MessageChannelMain();
        window.webContents.postMessage('frostline:port', null, [port2]);
        return port1 as MainPort;
      },
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      alive: () => !window.isDestroyed() && mine === page,
    });
  });
};

if (app.requestSingleInstanceLock()) {
  app.on('web-contents-created', (_event, contents) => confine(contents, shell));
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  app.on('second-instance', () => BrowserWindow.getAllWindows()[0]?.focus());
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) open();
  });
  void app.whenReady().then(() => {
    confineSession(session.defaultSession);
    protocol.handle('app', serveAsset);
    open();
  });
} else {
  app.quit();
}
