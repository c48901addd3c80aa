/** The one factory for windows. Every window is sandboxed, isolated, and can go nowhere. */
import { join } from 'node:path';
import type {
  BrowserWindowConstructorOptions,
  Session,
  Shell,
  WebContents,
  BrowserWindow as Window,
} from 'electron';
import { APP_ORIGIN, isAllowedExternal, isAllowedPermission, isOwnAddress } from './policy.ts';

export type WindowParts = {
  BrowserWindow: new (options: BrowserWindowConstructorOptions) => Window;
  shell: Pick<Shell, 'openExternal'>;
  /** Folder of the built preload script. */
  preloadDir: string;
};

export const createWindow = (parts: WindowParts): Window => {
  const window = new parts.BrowserWindow({
    width: 1280,
    height: 800,
    minWidth: 720,
    minHeight: 480,
    show: false,
    title: 'Frostline',
    webPreferences: {
      preload: join(parts.preloadDir, 'index.cjs'),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
      devTools: process.env.FROSTLINE_DEVTOOLS === '1',
    },
  });
  confine(window.webContents, parts.shell);
  window.once('ready-to-show', () => window.show());
  void window.loadURL(`${APP_ORIGIN}/`);
  return window;
};

/** Applied to every web contents there ever is, also to ones nobody meant to make. */
export const confine = (contents: WebContents, shell: Pick<Shell, 'openExternal'>): void => {
  contents.setWindowOpenHandler(({ url }) => {
    if (isAllowedExternal(url)) void shell.openExternal(url);
    return { action: 'deny' };
  });
  for (const event of ['will-navigate', 'will-redirect', 'will-frame-navigate'] as const) {
    // Electron types each event on its own; all three carry the address and can be prevented.
    (contents as unknown as Navigating).on(event, (details) => {
      if (!isOwnAddress(details.url)) details.preventDefault();
    });
  }
  contents.on('will-attach-webview', (event) => event.preventDefault());
};

type Navigating = {
  on(event: string, listener: (details: { url: string; preventDefault(): void }) => void): void;
};

/** No permission but writing to the clipboard, no download, no network: the page speaks through its port only. */
export const confineSession = (session: Session): void => {
  session.setPermissionRequestHandler((_contents, permission, decide) =>
    decide(isAllowedPermission(permission)),
  );
  session.setPermissionCheckHandler((_contents, permission) => isAllowedPermission(permission));
  session.setDevicePermissionHandler(() => false);
  session.webRequest.onBeforeRequest((details, decide) =>
    decide({ cancel: !isOwnAddress(details.url) && !/^(devtools|blob):/.test(details.url) }),
  );
};
