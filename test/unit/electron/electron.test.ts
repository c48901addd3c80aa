/** The Electron shell's logic over stand-ins. Electron itself is run by the end-to-end specs where its binary is there. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserWindow, BrowserWindowConstructorOptions, Session, WebContents } from 'electron';
import { describe, expect, it } from 'vitest';
import { type Cipher, openWithKeychain } from '../../../main/shells/electron/keychain.ts';
import {
  assetOf,
  isAllowedExternal,
  isAllowedPermission,
  isOwnAddress,
} from '../../../main/shells/electron/policy.ts';
import { type MainPort, relayWindow } from '../../../main/shells/electron/relay.ts';
import { confine, confineSession, createWindow } from '../../../main/shells/electron/window.ts';
import type { Client } from '../../../shared/contract/contract.ts';
import { ok } from '../../../shared/errors.ts';
import { channelPair } from '../../support/channelPair.ts';

describe('addresses', () => {
  it.each(['app://frostline/', 'app://frostline/fleet', 'app://frostline/assets/a.js'])(
    'are ours: %s',
    (address) => {
      expect(isOwnAddress(address)).toBe(true);
    },
  );
  it.each([
    'https://frostline/',
    'app://evil/',
    'app://frostline.evil/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'data:text/html,x',
    'nonsense',
    '',
  ])('are not ours: %s', (address) => {
    expect(isOwnAddress(address)).toBe(false);
    expect(assetOf(address)).toBeNull();
  });
  it('name files under the renderer only', () => {
    expect(assetOf('app://frostline/assets/app.js')).toEqual(['assets', 'app.js']);
    expect(assetOf('app://frostline/fleet/web-1')).toEqual(['index.html']);
    for (const address of [
      'app://frostline/..%2f..%2fetc/passwd.js',
      'app://frostline/a%5c..%5cb.js',
      'app://frostline/%00.js',
      'app://frostline/c:.js',
      'app://frostline/%ff',
    ]) {
      expect(assetOf(address)).toBeNull();
    }
  });
  it('are opened outside only for the advisories the console points at', () => {
    expect(isAllowedExternal('https://security-tracker.debian.org/tracker/CVE-2026-1')).toBe(true);
    for (const address of [
      'http://security-tracker.debian.org/',
      'https://security-tracker.debian.org.evil/',
      'https://user@ubuntu.com/',
      'https://ubuntu.com:444/',
      'file:///x',
      'ms-msdt:x',
      'x',
    ]) {
      expect(isAllowedExternal(address)).toBe(false);
    }
  });
});

type Listener = (event: { url: string; prevented: boolean; preventDefault(): void }) => void;

const standInContents = () => {
  const listeners = new Map<string, Listener>();
  let opens: (details: { url: string }) => { action: string } = () => ({ action: 'allow' });
  return {
    contents: {
      on: (name: string, listener: Listener) => listeners.set(name, listener),
      once: () => {},
      setWindowOpenHandler: (handler: typeof opens) => {
        opens = handler;
      },
    } as unknown as WebContents,
    emit: (name: string, url: string) => {
      const event = {
        url,
        prevented: false,
        preventDefault() {
          this.prevented = true;
        },
      };
      listeners.get(name)?.(event);
      return event.prevented;
    },
    open: (url: string) => opens({ url }).action,
  };
};

describe('a window', () => {
  it('is sandboxed and isolated, whatever its maker forgot', () => {
    let options: BrowserWindowConstructorOptions = {};
    class StandIn {
      webContents = standInContents().contents;
      constructor(given: BrowserWindowConstructorOptions) {
        options = given;
      }
      once() {}
      loadURL() {
        return Promise.resolve();
      }
    }
    createWindow({
      BrowserWindow: StandIn as unknown as new (o: BrowserWindowConstructorOptions) => BrowserWindow,
      shell: { openExternal: async () => {} },
      preloadDir: '/x',
    });
    expect(options.webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
    });
  });

  it('goes nowhere, opens nothing, attaches nothing', () => {
    const opened: string[] = [];
    const standIn = standInContents();
    confine(standIn.contents, { openExternal: async (url) => void opened.push(url) });
    for (const event of ['will-navigate', 'will-redirect', 'will-frame-navigate']) {
      expect(standIn.emit(event, 'https://evil.example/')).toBe(true);
      expect(standIn.emit(event, 'app://frostline/runs')).toBe(false);
    }
    expect(standIn.emit('will-attach-webview', 'app://frostline/')).toBe(true);
    expect(standIn.open('https://evil.example/')).toBe('deny');
    expect(standIn.open('https://nvd.nist.gov/vuln/detail/CVE-2026-1')).toBe('deny');
    expect(opened).toEqual(['https://nvd.nist.gov/vuln/detail/CVE-2026-1']);
  });

  it('has no permission and no network', () => {
    type Handlers = {
      request?: (c: unknown, p: string, decide: (yes: boolean) => void) => void;
      before?: (d: { url: string }, decide: (r: { cancel: boolean }) => void) => void;
    };
    const handlers: Handlers = {};
    confineSession({
      setPermissionRequestHandler: (handler: Handlers['request'] & object) => {
        handlers.request = handler;
      },
      setPermissionCheckHandler: () => {},
      setDevicePermissionHandler: () => {},
      webRequest: {
        onBeforeRequest: (handler: Handlers['before'] & object) => {
          handlers.before = handler;
        },
      },
    } as unknown as Session);
    const cancelled = (url: string) => {
      let answer = false;
      handlers.before?.({ url }, (result) => {
        answer = result.cancel;
      });
      return answer;
    };
    expect(cancelled('https://example.org/')).toBe(true);
    expect(cancelled('ws://127.0.0.1:1/')).toBe(true);
    expect(cancelled('app://frostline/assets/a.js')).toBe(false);
    for (const permission of ['media', 'geolocation', 'notifications', 'openExternal', 'clipboard-read'])
      expect(isAllowedPermission(permission)).toBe(false);
    let granted: boolean | null = null;
    handlers.request?.(null, 'media', (yes) => {
      granted = yes;
    });
    expect(granted).toBe(false);
  });
});

describe('the relay', () => {
  it('says hello itself, carries frames both ways, and makes a new port when the host process comes back', async () => {
    const hostEnds = [channelPair(), channelPair()];
    const seen: string[] = [];
    for (const [, far] of hostEnds) {
      far.onFrame((text) => {
        seen.push(text);
        if (text === '"ping"') far.send('"pong"');
      });
    }
    type Port = MainPort & { deliver(text: string): void; posted: string[] };
    const ports: Port[] = [];
    let next = 0;
    let alive = true;
    let arrived: () => void = () => {};
    const newPort = (): MainPort => {
      let deliver: (event: { data: unknown }) => void = () => {};
      const port: Port = {
        posted: [],
        postMessage(text) {
          port.posted.push(text);
          arrived();
        },
        start() {
          arrived();
        },
        close() {},
        on(event: 'message' | 'close', listener: (event: { data: unknown }) => void) {
          if (event === 'message') deliver = listener;
        },
        deliver: (text) => deliver({ data: text }),
      };
      ports.push(port);
      return port;
    };
    const until = async (done: () => boolean) => {
      while (!done())
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
    };
    const finished = relayWindow({
      attach: async () => {
        const pair = hostEnds[next];
        next += 1;
        if (pair === undefined) {
          alive = false;
          return { ok: false, error: { code: 'process.unavailable', message: '', retryable: true } };
        }
        return ok({ channel: pair[0], token: 'the token' });
      },
      newPort,
      wait: async () => {},
      alive: () => alive,
    });
    await until(() => ports.length === 1);
    ports[0]?.deliver('"ping"');
    await until(() => ports[0]?.posted.length === 1);
    expect(JSON.parse(seen[0] ?? '')).toEqual({ t: 'hello', actor: 'window', token: 'the token' });
    expect(ports[0]?.posted).toEqual(['"pong"']);
    hostEnds[0]?.[1].close();
    await until(() => ports.length === 2);
    hostEnds[1]?.[1].close();
    await finished;
  });
});

describe('the keychain', () => {
  const cipher: Cipher = {
    isAsyncEncryptionAvailable: async () => true,
    encryptStringAsync: async (text) => Buffer.from(`sealed:${Buffer.from(text).toString('hex')}`),
    decryptStringAsync: async (data) => ({ result: Buffer.from(data.toString().slice(7), 'hex').toString() }),
    getSelectedStorageBackend: () => 'gnome_libsecret',
  };
  const host = (state: 'absent' | 'locked' | 'unlocked') => {
    const passphrases: string[] = [];
    const client = {
      call: async (name: string, input: { passphrase?: string }) => {
        if (name === 'system.unlock') passphrases.push(input.passphrase ?? '');
        return ok({ vault: { state, kind: 'passphrase' } });
      },
    } as unknown as Client;
    return { client, passphrases };
  };
  const inFolder = async (work: (file: string) => Promise<void>) => {
    const dir = mkdtempSync(join(tmpdir(), 'frostline-keychain-'));
    try {
      await work(join(dir, 'keychain.bin'));
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  };

  it('makes a passphrase nobody knows, keeps it sealed, and opens with it again', () =>
    inFolder(async (file) => {
      const first = host('absent');
      expect(await openWithKeychain({ client: first.client, cipher, file, linux: true })).toBe('created');
      const [made = ''] = first.passphrases;
      expect(made.length).toBeGreaterThan(40);
      expect(readFileSync(file, 'utf8')).not.toContain(made);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const second = host('locked');
      expect(await openWithKeychain({ client: second.client, cipher, file, linux: true })).toBe('opened');
      expect(second.passphrases).toEqual([made]);
    }));

  it('never falls back to storing in the open', () =>
    inFolder(async (file) => {
      const { client, passphrases } = host('absent');
      const open = { ...cipher, getSelectedStorageBackend: () => 'basic_text' };
      expect(await openWithKeychain({ client, cipher: open, file, linux: true })).toBe('no-keychain');
      expect(passphrases).toEqual([]);
    }));

  it('leaves a vault with a passphrase of its own alone', () =>
    inFolder(async (file) => {
      const { client, passphrases } = host('locked');
      expect(await openWithKeychain({ client, cipher, file, linux: false })).toBe('not-ours');
      expect(passphrases).toEqual([]);
    }));
});
