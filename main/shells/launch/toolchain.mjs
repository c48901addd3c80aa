/**
 * Set-up of a checkout, in plain JavaScript that runs on Node 20 with nothing installed: the packages of the lock file, a
 * Node that better-sqlite3 can be loaded into (>= 22, through the npm package `node`), and the build. Each step is skipped
 * when what it would produce is already there; two processes never do it at once.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const MODULES = join(ROOT, 'node_modules');
/** What Node compiled once (NODE_COMPILE_CACHE): a command starts in half the time. */
export const COMPILED = join(MODULES, '.cache', 'compiled');
const STAMP = join(MODULES, '.frostline-installed');
const BUILD_STAMP = join(ROOT, 'dist', '.frostline-built');
const NODE = join(MODULES, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
const OLDEST_NODE = 22;

const say = (text) => process.stderr.write(`${text}\n`);

class SetupError extends Error {}

/** Runs `work` while holding a lock file; a lock whose owner is gone is taken over. */
const locked = (work) => {
  const file = join(ROOT, 'dist', '.frostline-setup.lock');
  mkdirSync(dirname(file), { recursive: true });
  for (;;) {
    try {
      const fd = openSync(file, 'wx');
      writeSync(fd, String(process.pid));
      closeSync(fd);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (ownerGone(file)) rmSync(file, { force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  try {
    return work();
  } finally {
    rmSync(file, { force: true });
  }
};

const ownerGone = (file) => {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    // A lock without a pid is being written at this moment, or was left by a crash just then.
    if (!Number.isInteger(pid) || pid <= 0) return Date.now() - statSync(file).mtimeMs > 2000;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH' || error.code === 'ENOENT';
  }
};

const digest = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
};

const read = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');

const wantedPackages = () =>
  digest(
    read(join(ROOT, 'package.json')),
    read(join(ROOT, 'package-lock.json')),
    process.platform,
    process.arch,
  );

const npm = (args, cwd) => {
  const done = spawnSync('npm', args, {
    cwd,
    // stdout belongs to the command that is being prepared.
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
    env: { ...process.env, ELECTRON_SKIP_BINARY_DOWNLOAD: '1' },
  });
  return done.status === 0;
};

const installPackages = () => {
  say('Installing packages (once) …');
  if (!npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'], ROOT)) {
    throw new SetupError(
      'npm could not install the packages of package-lock.json; its own message stands above.',
    );
  }
};

const worksAs = (node) => {
  if (!existsSync(node)) return false;
  const done = spawnSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' });
  return done.status === 0 && Number.parseInt(done.stdout, 10) >= OLDEST_NODE;
};

const ownNodeIsEnough = () => Number.parseInt(process.versions.node, 10) >= OLDEST_NODE;

const installNode = () => {
  if (worksAs(NODE)) return;
  say(`Installing Node ${JSON.parse(read(join(MODULES, 'node', 'package.json'))).version} (once) …`);
  const script = join(MODULES, 'node', 'installArchSpecificPackage.js');
  const done = spawnSync(process.execPath, [script], { cwd: join(MODULES, 'node'), stdio: ['ignore', 2, 2] });
  if ((done.status !== 0 || !worksAs(NODE)) && !ownNodeIsEnough()) {
    throw new SetupError(
      `Node ${OLDEST_NODE} or newer is needed; this is ${process.versions.node}, and the npm package "node" could not be installed.`,
    );
  }
};

/** Path of the Node to run with. */
export const nodePath = () => (existsSync(NODE) ? NODE : process.execPath);

export const ensurePackages = () => {
  if (read(STAMP) === wantedPackages() && (existsSync(NODE) || ownNodeIsEnough())) return;
  locked(() => {
    if (read(STAMP) !== wantedPackages()) installPackages();
    installNode();
    writeFileSync(STAMP, wantedPackages());
  });
};

const SOURCES = [
  'main',
  'shared',
  'renderer',
  'preload',
  'vite.config.ts',
  'package-lock.json',
  'tsconfig.json',
];

const filesOf = (path) => {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) return [{ path, stat }];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesOf(join(path, name)));
};
const sourceFiles = () => SOURCES.flatMap((source) => filesOf(join(ROOT, source)));

const sourcesNow = () =>
  digest(...sourceFiles().map(({ path, stat }) => `${path} ${stat.size} ${stat.mtimeMs}`));

/** Names what is built: the same for the same sources, wherever and whenever they are built. */
export const buildId = () => {
  const { version } = JSON.parse(read(join(ROOT, 'package.json')));
  const sources = sourceFiles().flatMap(({ path }) => [relative(ROOT, path), readFileSync(path)]);
  return `${version}+${digest(...sources).slice(0, 12)}`;
};

export const ensureBuild = () => {
  if (read(BUILD_STAMP) === sourcesNow()) return;
  locked(() => {
    const sources = sourcesNow();
    if (read(BUILD_STAMP) === sources) return;
    say('Building …');
    const done = spawnSync(nodePath(), [join(ROOT, 'main', 'shells', 'launch', 'build.mjs')], {
      cwd: ROOT,
      stdio: ['ignore', 2, 2],
    });
    if (done.status !== 0) throw new SetupError('The build failed; its own message stands above.');
    writeFileSync(BUILD_STAMP, sources);
  });
};

/** Runs `work`; what goes wrong in set-up is told in one line, with exit code 2. */
export const orExplain = (work) => {
  try {
    return work();
  } catch (error) {
    say(error instanceof SetupError ? error.message : `Set-up failed: ${error.message}`);
    process.exit(2);
  }
};
