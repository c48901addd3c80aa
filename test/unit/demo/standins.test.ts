import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { prepareMachine } from '../../../main/adapters/demo/machine.ts';
import { makeRepository } from '../../../main/adapters/demo/repository.ts';
import { installStandIns } from '../../../main/adapters/demo/standins/install.ts';
import { compareDebianVersions } from '../../../main/core/drivers/apt/version.ts';
import { newFolder, removeFolder } from './support.ts';

vi.setConfig({ testTimeout: 120_000 });

describe.skipIf(process.platform === 'win32')('the stand-ins', () => {
  let dir: string;
  let root: string;
  let env: Record<string, string>;
  beforeAll(() => {
    dir = newFolder();
    makeRepository(dir);
    const bin = installStandIns(dir);
    root = prepareMachine({ name: 'web-01', role: 'web', environment: 'test', tags: {} }, dir);
    env = {
      PATH: `${bin}:${process.env.PATH}`,
      FROSTLINE_ROOT: root,
      FROSTLINE_DEMO: dir,
      FROSTLINE_DEMO_UID: '1000',
      FROSTLINE_DEMO_NAP: '0',
    };
  });
  afterAll(() => removeFolder(dir));

  const run = (script: string, asRoot = true) => {
    const uid = asRoot ? '0' : '1000';
    const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', script], {
      env: { ...env, FROSTLINE_DEMO_UID: uid },
      encoding: 'utf8',
    });
    return { status, out: stdout, text: `${stdout}${stderr}` };
  };
  const version = (name: string) => run(`dpkg-query -W -f='\${Version}' ${name}`).out;

  test('order versions as dpkg does', () => {
    const digits = fc.integer({ min: 0, max: 20 }).map(String);
    const part = fc
      .array(fc.oneof(digits, fc.constantFrom('~', '+', '.', 'a', 'deb', 'rc', '00')), {
        minLength: 1,
        maxLength: 5,
      })
      .map((pieces) => `1${pieces.join('')}`);
    const written = fc
      .tuple(fc.constantFrom('', '0:', '1:'), part, fc.option(part, { nil: undefined }))
      .map(
        ([epoch, upstream, revision]) => `${epoch}${upstream}${revision === undefined ? '' : `-${revision}`}`,
      );
    const drawn = fc.sample(fc.tuple(written, written), { numRuns: 400, seed: 20261123 });
    const pairs = [...drawn, ...drawn.slice(0, 20).map(([a]): [string, string] => [a, a])];
    const program = join(dir, 'pairs.awk');
    writeFileSync(program, `BEGIN { ${pairs.map(([a, b]) => `print vcmp("${a}", "${b}")`).join('\n')} }`);
    const out = execFileSync('awk', ['-f', join(dir, 'lib/deb.awk'), '-f', program], { encoding: 'utf8' });
    const said = out
      .trim()
      .split('\n')
      .map((line) => Math.sign(Number(line)));
    const expected = pairs.map(([a, b]) => Math.sign(compareDebianVersions(a, b)));
    const wrong = pairs.filter((_, index) => said[index] !== expected[index]);
    expect(wrong).toEqual([]);
    expect(new Set(expected)).toEqual(new Set([-1, 0, 1]));
  });

  test('refuse what they do not understand', () => {
    for (const command of [
      'apt-get --frobnicate install curl',
      'apt-get -o Some::Option=1 update',
      'apt-get frobnicate',
      'dpkg --frobnicate',
      'apt-mark frobnicate',
    ])
      expect(run(command).status, command).not.toBe(0);
  });

  test('change nothing for somebody who is not root', () => {
    const status = () => readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8');
    const before = status();
    for (const command of [
      'apt-get -y install curl',
      'apt-mark hold curl',
      'dpkg --configure -a',
      'dpkg --purge curl',
    ]) {
      expect(run(command, false).status, command).not.toBe(0);
      expect(status()).toBe(before);
    }
  });

  test('a simulation changes nothing and tells what a run would do', () => {
    const before = version('curl');
    const simulated = run('apt-get -s install curl', false);
    expect(simulated.out).toContain(
      `Inst curl [${before}] (7.88.1-10+deb12u8 Debian-Security:12/stable-security [amd64])`,
    );
    expect(simulated.out).toContain('Inst libcurl4 ');
    expect(simulated.out.indexOf('Inst libcurl4')).toBeLessThan(simulated.out.indexOf('Inst curl'));
    expect(version('curl')).toBe(before);
  });

  test('packages, versions and requests that cannot be are refused in apt’s words', () => {
    expect(run('apt-get -s install nothing-like-it')).toMatchObject({
      status: 100,
      out: expect.stringContaining('E: Unable to locate package nothing-like-it'),
    });
    expect(run('apt-get -s install curl=9')).toMatchObject({
      status: 100,
      out: expect.stringContaining("E: Version '9' for 'curl' was not found"),
    });
    const impossible = run('apt-get -s install curl=7.88.1-10+deb12u8 libcurl4=7.88.1-10+deb12u6');
    expect(impossible).toMatchObject({
      status: 100,
      out: expect.stringContaining('The following packages have unmet dependencies:'),
    });
    expect(impossible.out).toContain(
      ' curl : Depends: libcurl4 (= 7.88.1-10+deb12u8) but 7.88.1-10+deb12u6 is to be installed',
    );
  });

  test('holds are respected, by upgrades and by a run that was not told otherwise', () => {
    expect(run('apt-mark hold wget').status).toBe(0);
    expect(run('apt-mark showhold').out).toBe('wget\n');
    expect(run(`dpkg-query -W -f='\${db:Status-Abbrev}' wget`).out).toBe('hi ');
    expect(run('apt-get -s dist-upgrade').out).toMatch(/kept back:\n {2}.*wget/);
    expect(run('apt-get -s --ignore-hold dist-upgrade').out).toContain('Inst wget ');
    expect(run('apt-get -y install wget=1.21.3-1+deb12u1')).toMatchObject({
      status: 100,
      out: expect.stringContaining('Held packages were changed'),
    });
    run('apt-mark unhold wget');
    expect(run('apt-mark showhold').out).toBe('');
  });

  test('a removal takes along what depends on it, and --no-remove forbids it', () => {
    expect(run('apt-get -s install libcurl4-').out).toMatch(/Remv curl[\s\S]*Remv libcurl4/);
    expect(run('apt-get -s --no-remove install libcurl4-')).toMatchObject({
      status: 100,
      out: expect.stringContaining('remove is disabled'),
    });
    expect(run('dpkg --purge libcurl4')).toMatchObject({
      status: 1,
      text: expect.stringContaining('curl depends on libcurl4.'),
    });
  });

  test('a downgrade wants to be allowed, and installing by hand clears the automatic mark', () => {
    expect(run('apt-mark showauto').out).toContain('libcurl4\n');
    expect(run('apt-get -y install curl libcurl4').status).toBe(0);
    expect(version('libcurl4')).toBe('7.88.1-10+deb12u8');
    expect(run('apt-mark showauto').out).not.toContain('libcurl4\n');
    const back = 'curl=7.88.1-10+deb12u6 libcurl4=7.88.1-10+deb12u6';
    expect(run(`apt-get -y install ${back}`)).toMatchObject({
      status: 100,
      out: expect.stringContaining('Packages were downgraded'),
    });
    expect(run(`apt-get -y --allow-downgrades install ${back}`).status).toBe(0);
    expect(version('curl')).toBe('7.88.1-10+deb12u6');
    run('apt-mark auto libcurl4:amd64');
    expect(run('apt-mark showauto').out).toContain('libcurl4\n');
  });

  test('a failing post-install leaves its package half configured until another version takes its place', () => {
    writeFileSync(join(root, 'etc/frostline-demo/broken'), 'less 590-2.1~deb12u2\n');
    const failed = run('apt-get -y -o APT::Status-Fd=3 install less 3>&1');
    expect(failed).toMatchObject({
      status: 100,
      out: expect.stringContaining('dpkg: error processing package less (--configure):'),
    });
    expect(failed.out).toMatch(/^pmstatus:less:\d+\.\d+:/m);
    expect(failed.out).toMatch(/^pmerror:less:/m);
    expect(run(`dpkg-query -W -f='\${db:Status-Abbrev}' less`).out).toBe('iF ');
    expect(run('dpkg --audit').out).toContain(' less');
    // Configuring again fails again, and another package is installed all the same, with apt's 100.
    expect(run('dpkg --configure -a').status).toBe(1);
    expect(run('apt-get -y install wget').status).toBe(100);
    expect(version('wget')).toBe('1.21.3-1+deb12u1');
    expect(run('cd /tmp && apt-get -y --allow-downgrades install less=590-2').status).toBe(0);
    expect(run(`dpkg-query -W -f='\${db:Status-Abbrev}' less`).out).toBe('ii ');
    expect(run('dpkg --audit').out).toBe('');
  });

  test('a package file holds what its list says', () => {
    const got = run(
      'cd "$FROSTLINE_ROOT/tmp" && apt-get download bind9-host=1:9.18.24-1 && ls && dpkg-deb -f ./*.deb Version',
    );
    expect(got.out).toContain('bind9-host_1%3a9.18.24-1_amd64.deb\n1:9.18.24-1\n');
    const listed = run('apt-cache show bind9-host=1:9.18.24-1').out;
    const sum = run(
      'cd "$FROSTLINE_ROOT/tmp" && { sha256sum ./*.deb 2>/dev/null || shasum -a 256 ./*.deb; }',
    ).out.slice(0, 64);
    expect(listed).toContain(`SHA256: ${sum}\n`);
    expect(run('apt-get download tzdata=2024a-0+deb12u1').status).toBe(100);
  });

  test('only one changes packages at a time; a lock whose owner is gone does not count', () => {
    const lock = join(root, 'var/lib/dpkg/demo-lock');
    expect(
      run(
        `mkdir '${lock.replaceAll("'", "'\\''")}' && echo ${process.pid} >'${lock.replaceAll("'", "'\\''")}/pid' && apt-get -y install curl`,
      ),
    ).toMatchObject({
      status: 100,
      text: expect.stringContaining(`held by process ${process.pid}`),
    });
    writeFileSync(join(lock, 'pid'), '999999999\n');
    expect(run('apt-get -y install curl').status).toBe(0);
  });
});
