/** `npm start`: prepares the checkout and opens the console: in Electron where its binary can be had, else in the browser. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuild, ensurePackages, nodePath, orExplain, ROOT } from './toolchain.mjs';

const ELECTRON = join(ROOT, 'node_modules', 'electron');

const electronBinary = () => {
  const pathFile = join(ELECTRON, 'path.txt');
  if (!existsSync(pathFile)) return null;
  const binary = join(ELECTRON, 'dist', readFileSync(pathFile, 'utf8').trim());
  return existsSync(binary) ? binary : null;
};

/** A download that failed is not tried again at every start. */
const REFUSED = join(ROOT, 'node_modules', '.frostline-no-electron');
const RETRY_AFTER_MS = 24 * 3_600_000;

const refusedLately = () => {
  const stat = statSync(REFUSED, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs < RETRY_AFTER_MS;
};

/** Electron's own installer downloads the binary; offline it fails within seconds, and the browser shell is used. */
const obtainElectron = () => {
  if (electronBinary() !== null || refusedLately() || !existsSync(join(ELECTRON, 'install.js')))
    return electronBinary();
  process.stderr.write('Fetching Electron (once) …\n');
  const env = { ...process.env };
  delete env.ELECTRON_SKIP_BINARY_DOWNLOAD;
  spawnSync(nodePath(), [join(ELECTRON, 'install.js')], { stdio: 'ignore', timeout: 180_000, env });
  if (electronBinary() === null) writeFileSync(REFUSED, '');
  return electronBinary();
};

const hasDisplay = () =>
  process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);

orExplain(() => {
  ensurePackages();
  ensureBuild();
});

const given = process.argv.slice(2);
const wantsBrowser = given.includes('--browser');
const electron = wantsBrowser || !hasDisplay() ? null : obtainElectron();

let child;
if (electron !== null) {
  child = spawn(electron, [ROOT, ...given], { stdio: 'inherit' });
} else {
  if (!wantsBrowser) {
    process.stderr.write(
      hasDisplay()
        ? 'Electron is not available here: opening the console in the browser instead.\n'
        : 'There is no display here: serving the console for a browser instead.\n',
    );
  }
  const args = ['serve', '--open', ...given.filter((word) => word !== '--browser')];
  child = spawn(nodePath(), [join(ROOT, 'dist', 'main', 'cli.js'), ...args], { stdio: 'inherit' });
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 130;
});
