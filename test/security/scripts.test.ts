/**
 * Every script that is sent to a host, built from the worst values there are, in a real shell: nothing of a value is ever run.
 * The values are worse than any schema lets through, so that quoting holds by itself. The host's own programs answer with
 * such words, too.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { aptDriver } from '../../main/core/drivers/apt/driver.ts';
import type { StageRequest } from '../../main/core/drivers/driver.ts';
import { quote, ROOT_MARK } from '../../main/core/drivers/shell.ts';
import {
  followJob,
  inspectJob,
  parseStart,
  removeJobs,
  startJob,
  stopJob,
} from '../../main/core/jobs/job.ts';
import type { PlanAction } from '../../shared/model/plan.ts';
import type { Capture } from '../../shared/model/run.ts';

const NONCE = 'ba5eba11deadbeef';
const TOKEN = '0a1b2c3d-4e5f6071-1';
const PROGRAMS = [
  'apt-get',
  'apt-cache',
  'apt-mark',
  'apt-config',
  'dpkg',
  'dpkg-deb',
  'dpkg-query',
  'dpkg-repack',
  'needrestart',
  'sudo',
  'systemctl',
  'systemd-run',
];

let dir: string;
let root: string;
let canary: string;
let hostile: string[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'frostline-scripts-'));
  root = join(dir, 'root');
  canary = join(dir, 'canary');
  const touch = `touch ${canary}`;
  hostile = [
    `$(${touch})`,
    `\`${touch}\``,
    `'; ${touch}; '`,
    `"; ${touch}; "`,
    `a\n${touch}\n`,
    `a | ${touch}`,
    `a && ${touch}`,
    `-oDPkg::Pre-Invoke::=${touch}`,
    `\\'; ${touch} #`,
    `a.*[$^`,
    `"; system("${touch}"); "`,
    `EOF\n${touch}`,
    `FROSTLINE_${NONCE}\n${touch}`,
    `~; ${touch}`,
    `!$\{IFS}${touch}`,
  ];
  mkdirSync(join(root, 'var/lib/dpkg'), { recursive: true });
  mkdirSync(join(dir, 'bin'));
  writeFileSync(join(root, ROOT_MARK), '');
  // Rows as dpkg-query prints them, and lines of apt's: what a host may say instead of a name.
  const said = hostile
    .flatMap((word) => [
      `${word} amd64 1.0 ii`,
      `Inst ${word} [1] (2 Debian [amd64])`,
      `Remv ${word} [1]`,
      ` ${word}`,
      word,
    ])
    .map((line) => `${line}\n`)
    .join('');
  writeFileSync(join(dir, 'said'), said);
  for (const name of PROGRAMS) {
    writeFileSync(join(dir, 'bin', name), `#!/bin/sh\ncat '${dir}/said'\nexit 0\n`);
    chmodSync(join(dir, 'bin', name), 0o755);
  }
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const environment = (more: Record<string, string> = {}) => ({
  PATH: `${join(dir, 'bin')}:${process.env.PATH}`,
  HOME: dir,
  FROSTLINE_ROOT: root,
  ...more,
});
const run = (script: string, more: Record<string, string> = {}) =>
  spawnSync('sh', ['-s'], { input: script, encoding: 'utf8', env: environment(more), timeout: 20_000 });

const stagesOf = (word: string): StageRequest[] => [
  { stage: 0, packages: [{ name: word, arch: 'amd64', version: '2' }] },
  { stage: 1, packages: [{ name: 'a', arch: word, version: word }] },
];
const actionsOf = (word: string): PlanAction[] => [
  { action: 'upgrade', name: word, arch: 'amd64', from: word, to: '2', stage: 0, dependency: false },
  { action: 'remove', name: 'a', arch: word, from: '1', stage: 0, dependency: false },
  { action: 'install', name: word, arch: word, to: word, stage: 1, dependency: true },
];
const captureOf = (word: string): Capture => ({
  runId: '00000000-0000-0000-0000-000000000000',
  hostId: '00000000-0000-0000-0000-000000000000',
  takenAt: '2026-11-23T00:00:00.000Z',
  packages: [
    { name: word, arch: 'amd64', version: word, auto: true, held: true, state: 'ii' },
    { name: 'a', arch: word, version: '1', auto: false, held: false, state: 'ii' },
  ],
  secured: [{ name: word, arch: 'amd64', version: word, path: word, sha256: '0'.repeat(64) }],
  unsecured: [],
});

const commandsOf = (word: string): Record<string, string> => {
  const [stages, actions, capture] = [stagesOf(word), actionsOf(word), captureOf(word)];
  const jobs = {
    apply: aptDriver.applyJob({ stages, actions, lockTimeoutSeconds: 1 }).script,
    rollback: aptDriver.rollbackJob({ capture, actions, lockTimeoutSeconds: 1 }).script,
  };
  return {
    scan: aptDriver.scan({ nonce: NONCE, refresh: true }).script,
    simulate: aptDriver.simulate({ nonce: NONCE, stages, refresh: true }).script,
    capture: aptDriver.capture({ nonce: NONCE, token: TOKEN, actions }).script,
    stage: aptDriver.stage({ nonce: NONCE, stages, lockTimeoutSeconds: 1 }).script,
    verify: aptDriver.verify({ nonce: NONCE }).script,
    cleanUp: aptDriver.cleanUp({ nonce: NONCE, tokens: [TOKEN] }).script,
    ...jobs,
  };
};
const OPERATIONS = ['scan', 'simulate', 'capture', 'stage', 'verify', 'cleanUp', 'apply', 'rollback'];

describe.skipIf(process.platform === 'win32')('a script made of hostile values', () => {
  test.each(OPERATIONS)('%s parses, and runs nothing of them', (operation) => {
    const job = join(root, 'job');
    for (const word of hostile) {
      const script = commandsOf(word)[operation] ?? '';
      const parsed = spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' });
      expect(parsed.stderr, word).toBe('');
      mkdirSync(job, { recursive: true });
      for (const file of ['log', 'progress']) writeFileSync(join(job, file), '');
      const done = run(script, { FROSTLINE_JOB: job });
      expect(done.error, word).toBeUndefined();
      expect(existsSync(canary), `${operation} ran ${word}`).toBe(false);
    }
  });

  test('the canary does sing: an unquoted value is found out', () => {
    run(`: ${hostile[0]}`);
    expect(existsSync(canary)).toBe(true);
  });

  test('a word is one word, whatever it holds', () => {
    for (const word of hostile) expect(run(`printf %s ${quote(word)}`).stdout).toBe(word);
  });

  test.each(['../../etc', '$(id)', 'a b', '', 'A', `${'a'.repeat(81)}`, 'a\n'])(
    'a job is never named %j',
    (token) => {
      for (const command of [startJob, inspectJob, stopJob])
        expect(() => command({ nonce: NONCE, token, script: '' })).toThrow(RangeError);
      expect(() => removeJobs({ nonce: NONCE, tokens: [token] })).toThrow(RangeError);
      expect(() => followJob({ nonce: NONCE, token, logOffset: 0, progressOffset: 0 })).toThrow(RangeError);
      expect(() => aptDriver.capture({ nonce: NONCE, token, actions: [] })).toThrow(RangeError);
    },
  );
});

describe.skipIf(process.platform === 'win32')('the login account’s environment', () => {
  const { script } = aptDriver.verify({ nonce: NONCE });

  test('sends no script into a folder that is not made for it', () => {
    const elsewhere = join(dir, 'elsewhere');
    mkdirSync(elsewhere);
    const done = run(script, { FROSTLINE_ROOT: elsewhere });
    expect(done.status).not.toBe(0);
    expect(done.stdout).not.toContain('begin');
    expect(done.stderr).toContain('FROSTLINE_ROOT');
  });

  test('puts no program before the system’s own, and names no configuration', () => {
    const told = script.replace(
      'fl_exit=0',
      'printf "%s|%s|%s|%s" "$PATH" "$APT_CONFIG" "$TMPDIR" "$PERL5LIB"; exit 0',
    );
    const done = run(told, { FROSTLINE_ROOT: '', APT_CONFIG: '/x', TMPDIR: '/y', PERL5LIB: '/z' });
    expect(done.stdout).toBe('/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin|||');
  });
});

describe.skipIf(process.platform === 'win32')('the folder of jobs', () => {
  const start = () => {
    const { stdout, stderr, status } = run(
      startJob({ nonce: NONCE, token: TOKEN, script: `touch ${canary}` }).script,
    );
    return parseStart({ stdout, stderr, exitCode: status ?? 255 }, NONCE);
  };

  test.each(['var/lib/frostline', 'var/lib/frostline/jobs', `var/lib/frostline/jobs/${TOKEN}`])(
    'is not used where %s is a link to somebody else’s',
    (path) => {
      const theirs = join(dir, 'theirs');
      mkdirSync(theirs);
      mkdirSync(join(root, path, '..'), { recursive: true });
      symlinkSync(theirs, join(root, path));
      expect(start()).toMatchObject({ ok: false, error: { code: 'host.job-lost' } });
      expect(existsSync(canary)).toBe(false);
    },
  );

  test.skipIf(process.getuid?.() !== 0)('is not used where it belongs to another account', () => {
    mkdirSync(join(root, 'var/lib/frostline'), { recursive: true });
    spawnSync('chown', ['65534', join(root, 'var/lib/frostline')]);
    const done = start();
    expect(done).toMatchObject({ ok: false, error: { code: 'host.job-lost' } });
    expect(done.ok ? '' : done.error.hint).toContain('not a folder of root alone');
    expect(existsSync(canary)).toBe(false);
  });
});
