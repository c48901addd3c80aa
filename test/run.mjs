/**
 * `npm test`: prepares the checkout, installs what the tests need (Debian packages when root), runs everything and ends in one
 * line of real counts. `npm test -- unit lab` runs the named parts; `npm run check` is the static part alone.
 *
 * Plain JavaScript that runs on Node 20 with nothing installed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  COMPILED,
  ensureBuild,
  ensurePackages,
  nodePath,
  orExplain,
  ROOT,
} from '../main/shells/launch/toolchain.mjs';

const PARTS = ['check', 'unit', 'lab', 'e2e'];
const RESULTS = join(ROOT, 'test-results');
const CI = process.env.CI === 'true';
// Hundreds of short-lived consoles are started: each compiles what the one before it has compiled already.
process.env.NODE_COMPILE_CACHE ??= COMPILED;
const isRoot = process.getuid?.() === 0;
const isDebian = existsSync('/etc/debian_version');

/** What the tests run, the lab's own tools among it, by the Debian package it comes from: all in one installation. */
const DEBIAN = [
  ['/usr/sbin/sshd', 'openssh-server'],
  ['/usr/bin/ssh', 'openssh-client'],
  ['/usr/bin/ssh-keygen', 'openssh-client'],
  ['/usr/bin/age', 'age'],
  ['/usr/bin/pydoc3', 'python3'],
  ['/usr/bin/mmdebstrap', 'mmdebstrap'],
  ['/usr/bin/apt-ftparchive', 'apt-utils'],
  ['/usr/bin/gpg', 'gpg'],
  ['/usr/bin/gpg-agent', 'gpg-agent'],
  ['/usr/bin/dpkg-deb', 'dpkg'],
  ['/usr/bin/setsid', 'util-linux'],
  ['/usr/bin/sudo', 'sudo'],
  ['/usr/bin/rpm', 'rpm'],
  ['/usr/bin/createrepo_c', 'createrepo-c'],
  ['/usr/sbin/nft', 'nftables'],
  ['/usr/bin/ip', 'iproute2'],
  ['/usr/bin/chromium', 'chromium'],
];

const say = (text) => process.stdout.write(`${text}\n`);

const aptPackages = () => {
  const missing = [...new Set(DEBIAN.filter(([file]) => !existsSync(file)).map(([, name]) => name))];
  if (missing.length === 0) return;
  if (!isRoot || !isDebian) {
    say(`Not installed here (needs root on Debian): ${missing.join(' ')}`);
    return;
  }
  say(`Installing Debian packages: ${missing.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) =>
    spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env }).status === 0;
  // A machine that never starts services must not start sshd because a test wants its program.
  if (!(apt('-qq', 'update') && apt('-qq', '-y', '--no-install-recommends', 'install', ...missing)))
    say('apt could not install all of them.');
};

/** `aside`: it runs beside another part, so what it prints is shown when it is over. */
const run = (name, command, args, { env = {}, aside = false } = {}) =>
  new Promise((resolve) => {
    const began = Date.now();
    say(`\n── ${name}${aside ? ' (shown when it is over)' : ''}`);
    const printed = [];
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: aside ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    });
    child.stdout?.on('data', (chunk) => printed.push(chunk));
    child.stderr?.on('data', (chunk) => printed.push(chunk));
    child.on('close', (code) => {
      process.stdout.write(Buffer.concat(printed));
      say(
        `── ${name}: ${code === 0 ? 'done' : `exit code ${code}`} in ${Math.round((Date.now() - began) / 1000)} s`,
      );
      resolve(code === 0);
    });
  });

const total = { passed: 0, failed: 0, skipped: 0 };
const notes = [];
const fails = (name) => {
  total.failed += 1;
  notes.push(`${name} failed`);
};

const bin = (...parts) => join(ROOT, 'node_modules', ...parts);

const check = async () => {
  for (const [name, args] of [
    ['types', [bin('typescript', 'bin', 'tsc'), '-p', 'tsconfig.json', '--noEmit']],
    ['lint and format', [bin('@biomejs', 'biome', 'bin', 'biome'), 'check', '--error-on-warnings', '.']],
  ]) {
    if (await run(name, nodePath(), args)) total.passed += 1;
    else fails(name);
  }
};

/** A whole part skipped for one reason is one note, not one for each of its tests. */
const skips = new Map();
const skippedBecause = (reason) => skips.set(reason, (skips.get(reason) ?? 0) + 1);

const vitest = async (project, how, projects = [project]) => {
  const file = join(RESULTS, `${project}.json`);
  const wentWell = await run(
    project,
    nodePath(),
    [
      bin('vitest', 'vitest.mjs'),
      'run',
      ...projects.flatMap((name) => ['--project', name]),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ],
    how,
  );
  if (!existsSync(file)) return fails(`${project}: no result`);
  const report = JSON.parse(readFileSync(file, 'utf8'));
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests;
  for (const suite of report.testResults) {
    if (suite.status === 'failed' && suite.assertionResults.length === 0) fails(suite.name.replace(ROOT, ''));
    for (const test of suite.assertionResults) {
      if (test.status === 'pending' || test.status === 'skipped' || test.status === 'todo') {
        total.skipped += 1;
        skippedBecause(/\(skipped: (.*?)\)(?= |$)/.exec(test.fullName)?.[1] ?? test.fullName);
      }
    }
  }
  if (!wentWell && report.numFailedTests === 0) fails(project);
};

const playwright = async () => {
  if (!existsSync('/usr/bin/chromium') && process.env.FROSTLINE_CHROMIUM === undefined) {
    total.skipped += 1;
    notes.push('skipped: e2e in Chromium: no Chromium here (set FROSTLINE_CHROMIUM to its path)');
    return;
  }
  const file = join(RESULTS, 'e2e.json');
  const wentWell = await run(
    'e2e',
    nodePath(),
    [bin('@playwright', 'test', 'cli.js'), 'test', '--reporter=list,json'],
    { env: { PLAYWRIGHT_JSON_OUTPUT_NAME: file } },
  );
  if (!existsSync(file)) return fails('e2e: no result');
  const { stats } = JSON.parse(readFileSync(file, 'utf8'));
  total.passed += stats.expected + stats.flaky;
  total.failed += stats.unexpected;
  total.skipped += stats.skipped;
  if (stats.flaky > 0) notes.push(`${stats.flaky} passed only when tried again`);
  if (stats.skipped > 0) notes.push(`skipped: ${stats.skipped} e2e specs that need Electron's binary`);
  if (!wentWell && stats.unexpected === 0) fails('e2e');
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((part) => !PARTS.includes(part));
if (unknown.length > 0) {
  say(`There is no part named ${unknown.join(', ')}; there are: ${PARTS.join(', ')}.`);
  process.exit(2);
}
const parts = wanted.length === 0 ? PARTS : wanted;

const began = Date.now();
orExplain(ensurePackages);
rmSync(RESULTS, { recursive: true, force: true });
mkdirSync(RESULTS, { recursive: true });
if (parts.some((part) => part !== 'check')) {
  aptPackages();
  orExplain(ensureBuild);
}
if (parts.includes('check')) await check();
// The lab mostly waits for hosts, the unit tests mostly for the processor: beside each other both are done sooner.
await Promise.all([
  ...(parts.includes('unit')
    ? [vitest('unit', { aside: parts.includes('lab') }, ['unit', 'unit-alone'])]
    : []),
  ...(parts.includes('lab') ? [vitest('lab')] : []),
]);
if (parts.includes('e2e')) await playwright();

for (const [reason, count] of skips)
  notes.push(`skipped: ${count} ${count === 1 ? 'test' : 'tests'}: ${reason}`);
say('');
for (const note of notes) say(note);
if (CI && notes.some((note) => note.startsWith('skipped:') && !note.includes('Electron'))) {
  say('Under CI=true only the absent Electron binary may skip.');
  total.failed += 1;
}
say(`took ${Math.round((Date.now() - began) / 1000)} s`);
say(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
