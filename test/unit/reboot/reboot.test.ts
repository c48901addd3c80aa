/** The restart's own scripts in a real shell, below a folder that stands for the host's root. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT_MARK } from '../../../main/core/drivers/shell.ts';
import type { CommandSpec } from '../../../main/core/ports.ts';
import {
  askRestart,
  missingUnits,
  parseBoot,
  parseMissing,
  parseRestart,
  readBoot,
} from '../../../main/core/reboot/reboot.ts';

const NONCE = 'ba5eba11deadbeef';
const TOKEN = '0a1b2c3d-4e5f6071-1';
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'frostline reboot '));
  writeFileSync(join(root, ROOT_MARK), '');
  mkdirSync(join(root, 'proc/sys/kernel/random'), { recursive: true });
  mkdirSync(join(root, 'sbin'));
  boot('first-boot');
  // What stands for the machine's own restart: it counts how often it was asked.
  const program = join(root, 'sbin/frostline-reboot');
  writeFileSync(program, `#!/bin/sh\necho asked >>"$FROSTLINE_ROOT/restarts"\n`);
  chmodSync(program, 0o755);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const boot = (id: string) => writeFileSync(join(root, 'proc/sys/kernel/random/boot_id'), `${id}\n`);
const folder = () => join(root, 'var/lib/frostline/jobs', TOKEN);
const run = (spec: CommandSpec) => {
  const { stdout, stderr, status } = spawnSync('sh', ['-s'], {
    input: spec.script,
    encoding: 'utf8',
    env: { ...process.env, FROSTLINE_ROOT: root },
  });
  return { stdout, stderr, exitCode: status ?? -1 };
};
const ask = () => parseRestart(run(askRestart({ nonce: NONCE, token: TOKEN })), NONCE);
const restarts = () =>
  existsSync(join(root, 'restarts')) ? readFileSync(join(root, 'restarts'), 'utf8') : '';
const restarted = (): Promise<void> =>
  new Promise((resolve) => {
    const watcher = watch(root, () => {
      if (restarts() === '') return;
      watcher.close();
      resolve();
    });
    if (restarts() !== '') {
      watcher.close();
      resolve();
    }
  });

describe('a restart', () => {
  it('is asked for once, and remembered with the boot it was asked in', async () => {
    expect(ask()).toEqual({ ok: true, value: { now: 'first-boot', asked: true, said: '' } });
    expect(readFileSync(join(folder(), 'restart'), 'utf8')).toBe('first-boot\n');
    await restarted();
    expect(ask()).toMatchObject({
      ok: true,
      value: { now: 'first-boot', before: 'first-boot', asked: false },
    });
    expect(restarts()).toBe('asked\n');
  });

  it('is over when another boot answers; asking again never causes a second one', async () => {
    ask();
    await restarted();
    boot('second-boot');
    expect(ask()).toMatchObject({
      ok: true,
      value: { now: 'second-boot', before: 'first-boot', asked: false },
    });
    expect(restarts()).toBe('asked\n');
  });

  it('that did not happen for a long time is asked for again: the console may have died before it was begun', async () => {
    ask();
    await restarted();
    const longAgo = Date.now() / 1000 - 600;
    utimesSync(join(folder(), 'restart'), longAgo, longAgo);
    expect(ask()).toMatchObject({ ok: true, value: { asked: true } });
  });

  it('is not begun on a host that has no boot id to tell it by', () => {
    rmSync(join(root, 'proc/sys/kernel/random/boot_id'));
    expect(ask()).toMatchObject({ ok: false, error: { code: 'host.reboot-failed' } });
    expect(existsSync(join(folder(), 'restart'))).toBe(false);
  });

  it('does not follow a link that somebody put where its folder belongs', () => {
    mkdirSync(join(root, 'var/lib/frostline/jobs'), { recursive: true });
    mkdirSync(join(root, 'elsewhere'));
    spawnSync('ln', ['-s', join(root, 'elsewhere'), folder()]);
    expect(ask()).toMatchObject({ ok: false });
    expect(existsSync(join(root, 'elsewhere/restart'))).toBe(false);
  });
});

it('the boot that answers is read without root', () => {
  const spec = readBoot({ nonce: NONCE });
  expect(spec.root).toBe(false);
  expect(parseBoot(run(spec), NONCE)).toEqual({ ok: true, value: 'first-boot' });
});

it('no service is missed where there is no service manager', () => {
  ask();
  writeFileSync(join(folder(), 'units'), 'nginx.service\n');
  expect(parseMissing(run(missingUnits({ nonce: NONCE, token: TOKEN })), NONCE)).toEqual({
    ok: true,
    value: [],
  });
});

it('what is not an answer is an error, never a host that has restarted', () => {
  const output = { stdout: 'Connection closed by something else\n', stderr: '', exitCode: 255 };
  for (const read of [parseRestart, parseBoot, parseMissing])
    expect(read(output, NONCE)).toMatchObject({ ok: false, error: { code: 'host.output-malformed' } });
});
