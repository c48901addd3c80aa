/** The scan that finds out what a host is: over folders that look like hosts of each kind, with the real shell. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { detectingScan } from '../../../main/core/drivers/detect.ts';
import { drivers, scanDriver } from '../../../main/core/drivers/registry.ts';
import { framedScript, ROOT_MARK } from '../../../main/core/drivers/shell.ts';
import { fail } from '../../../shared/errors.ts';
import { NONCE, recorded } from './dnfCases.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Every driver's scan only says whose it is. */
const asked = detectingScan(
  Object.fromEntries(
    Object.entries(drivers).map(([id, driver]) => [
      id,
      {
        ...driver,
        scan: (options: { nonce: string; refresh: boolean }) => ({
          ...driver.scan(options),
          script: framedScript(options.nonce, '', `printf 'I am ${id}\\n'\n`),
        }),
        parseScan: () => fail('cancelled', id),
      },
    ]),
  ),
);

/** What a host with this os-release and these programs answers. */
function ask(osRelease: string, programs: string[], scanner = asked) {
  const folder = mkdtempSync(join(tmpdir(), 'frostline-detect-'));
  folders.push(folder);
  const bin = join(folder, 'bin');
  mkdirSync(join(folder, 'etc'));
  mkdirSync(bin);
  writeFileSync(join(folder, ROOT_MARK), '');
  writeFileSync(join(folder, 'etc/os-release'), osRelease);
  for (const tool of ['sh', 'sed', 'head', 'tr', 'cat', 'id', 'date', 'printf'])
    symlinkSync(
      spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim(),
      join(bin, tool),
    );
  for (const program of programs) {
    writeFileSync(join(bin, program), '#!/bin/sh\nexit 1\n');
    chmodSync(join(bin, program), 0o755);
  }
  const spec = scanner.scan({ nonce: NONCE, refresh: false });
  const ran = spawnSync('/bin/sh', ['-s'], {
    input: spec.script,
    encoding: 'utf8',
    env: { PATH: bin, FROSTLINE_ROOT: folder },
  });
  const output = { stdout: ran.stdout, stderr: ran.stderr, exitCode: ran.status ?? -1 };
  return { output, read: scanner.parseScan(output, { nonce: NONCE, startedAt: 0, finishedAt: 1 }) };
}

const APT = ['dpkg-query', 'apt-get'];

test.each([
  ['Debian', 'ID=debian\n', APT, 'apt'],
  ['Ubuntu by its relative', 'ID=pop\nID_LIKE="ubuntu debian"\n', APT, 'apt'],
  ['Rocky', 'ID="rocky"\nID_LIKE="rhel centos fedora"\n', ['dnf', 'yum'], 'dnf'],
  ['a Red Hat host with yum only', 'ID="rhel"\n', ['yum'], 'dnf'],
  ['Debian that has dnf too', 'ID=debian\n', [...APT, 'dnf', 'rpm'], 'apt'],
  ['Fedora that has dpkg and apt too', 'ID=fedora\n', [...APT, 'dnf'], 'dnf'],
  ['openSUSE Leap by its relative', 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\n', ['zypper'], 'zypper'],
  ['SLES that has dnf too', 'ID="sles"\nID_LIKE="suse"\n', ['dnf', 'zypper', 'rpm'], 'zypper'],
  ['one of an unknown name', 'ID=frost\n', ['dnf'], 'dnf'],
  ['Debian from which apt was removed', 'ID=debian\n', ['dnf'], 'dnf'],
])('%s is scanned by its own driver, in one script', (_, osRelease, programs, id) => {
  const { output, read } = ask(osRelease, programs);
  expect(output.stdout).toContain(`I am ${id}\n`);
  expect(output.stdout.match(/I am/g)).toHaveLength(1);
  expect(read).toMatchObject({ ok: false, error: { code: 'cancelled', message: id } });
});

test.each([
  ['apk', 'ID=alpine\nPRETTY_NAME="Alpine Linux v3.20"\n', /apk \(Alpine Linux v3\.20\)/],
  ['pacman', 'ID=arch\n', /pacman/],
])('a host of %s is not supported, and is told by name', (program, osRelease, message) => {
  expect(ask(osRelease, [program]).read).toMatchObject({
    ok: false,
    error: { code: 'host.unsupported', message: expect.stringMatching(message) },
  });
});

test('a host with no manager at all is not supported either', () => {
  expect(ask('ID=busybox\n', []).read).toMatchObject({ ok: false, error: { code: 'host.unsupported' } });
});

test('os-release is data: what stands in it is never run', () => {
  const { output, read } = ask('ID="$(echo rhel; touch x)"\nID_LIKE=`touch y`\n', APT);
  expect(output.stderr).toBe('');
  expect(read).toMatchObject({ error: { message: 'apt' } });
});

test('only a line with this command’s nonce decides', () => {
  const scan = recorded('fresh');
  const parse = (stdout: string) =>
    scanDriver().parseScan({ ...scan, stdout }, { nonce: NONCE, startedAt: 0, finishedAt: 1 });
  const told = `a banner\n@@ffffffffffffffff manager apt\n@@${NONCE} manager dnf\n${scan.stdout}`;
  expect(parse(told)).toMatchObject({ ok: true, value: { facts: { manager: 'dnf' } } });
  expect(parse(scan.stdout)).toMatchObject({ ok: false, error: { code: 'host.output-malformed' } });
});

test('a script that did not all arrive runs nothing', () => {
  const { script } = asked.scan({ nonce: NONCE, refresh: false });
  const cut = spawnSync('/bin/sh', ['-s'], { input: script.slice(0, -30), encoding: 'utf8' });
  expect(cut.stdout).not.toContain('manager');
});
