import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aptDriver } from '../../../main/core/drivers/apt/driver.ts';
import { newestKernel } from '../../../main/core/drivers/apt/kernel.ts';
import { NONCE, recorded, scanned } from './cases.ts';

describe('reading a scan', () => {
  test('updates carry where they come from, size, hash, and why a plain upgrade would not bring them', () => {
    const { updates, removals } = scanned('scan');
    const by = (name: string) => updates.find((update) => update.name === name);
    expect(by('lab-plain')).toEqual({
      name: 'lab-plain',
      arch: 'all',
      from: '1.0',
      to: '1.1',
      origin: 'Lab:12.0/lab',
      severity: 'unknown',
      classification: 'other',
      advisories: [],
      sizeBytes: 788,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(by('lab-secure')).toMatchObject({ classification: 'security', severity: 'unknown' });
    expect(by('lab-held')?.blocked).toBe('held');
    expect(by('lab-app')?.blocked).toBe('needs-new-packages');
    expect(by('lab-mail')?.blocked).toBe('removes-packages');
    expect(by('lab-newdep')).toMatchObject({ from: null, to: '1.0' });
    expect(by('lab-newdep')?.blocked).toBeUndefined();
    expect(removals).toEqual([{ name: 'lab-mail-legacy', arch: 'all', version: '1.0' }]);
  });

  test('holds and automatic marks stand with the packages', () => {
    const { packages } = scanned('scan');
    expect(packages.find((one) => one.name === 'lab-held')).toMatchObject({ held: true, auto: false });
    expect(packages.find((one) => one.name === 'lab-lib')).toMatchObject({ held: false, auto: true });
  });

  test('the holder of the lock is named', () => {
    expect(scanned('scan-locked').facts.lock).toEqual({
      held: true,
      holder: expect.stringMatching(/^pid \d+ \(apt-get upgrade\)$/),
    });
  });

  test('a half-configured package is broken', () => {
    const { facts, packages } = scanned('scan-broken');
    expect(facts.broken).toEqual([{ name: 'lab-broken', state: 'half-configured (iF)' }]);
    expect(packages.find((one) => one.name === 'lab-broken')?.brokenState).toBe('iF');
  });

  test('without package lists it is partial and says so, not a host with nothing to do', () => {
    expect(scanned('scan-no-lists').partial).toContain('no package lists');
  });

  test("when reading the repositories failed, apt's own words are the cause", () => {
    expect(scanned('scan-refresh-failed').partial).toContain("Could not resolve 'no.repo.lab'");
  });

  test("apt's errors make it partial", () => {
    const output = recorded('scan');
    const stdout = output.stdout.replace(
      /(@@\w+ full\n)[\s\S]*?(\n@@\w+ rc full) 0/,
      '$1E: Unmet dependencies.$2 100',
    );
    const read = aptDriver.parseScan({ ...output, stdout }, { nonce: NONCE, startedAt: 0, finishedAt: 1 });
    expect(read).toMatchObject({
      ok: true,
      value: { partial: expect.stringContaining('Unmet dependencies') },
    });
  });

  test('phased updates are told apart', () => {
    const output = recorded('scan');
    const stdout = output.stdout
      .replace(
        /(@@\w+ plain\n)/,
        '$1The following upgrades have been deferred due to phasing:\n  lab-plain lab-multi\n',
      )
      .replace(/(@@\w+ plain\n[\s\S]*?)Inst lab-plain [^\n]*\n/, '$1');
    const read = aptDriver.parseScan({ ...output, stdout }, { nonce: NONCE, startedAt: 0, finishedAt: 1 });
    expect(read.ok && read.value.updates.find((one) => one.name === 'lab-plain')?.blocked).toBe('phased');
  });

  test('the newest kernel is one of the flavour that runs', () => {
    const row = (name: string) => ({
      name,
      arch: 'amd64',
      version: '1',
      state: 'ii',
      held: false,
      source: 'linux',
      sourceVersion: '1',
      installedKiB: 0,
      auto: true,
    });
    const rows = [
      row('linux-image-6.1.0-9-amd64'),
      row('linux-image-6.1.0-21-amd64'),
      row('linux-image-6.9.0-1-cloud-amd64'),
      { ...row('linux-image-6.1.0-30-amd64'), state: 'rc' },
      row('linux-image-amd64'),
    ];
    expect(newestKernel('6.1.0-9-amd64', rows)).toBe('6.1.0-21-amd64');
    expect(newestKernel('6.1.0-9-cloud-amd64', rows)).toBe('6.9.0-1-cloud-amd64');
    expect(newestKernel('6.18.44', rows)).toBeUndefined();
  });
});

describe('hostile output', () => {
  const good = recorded('scan').stdout;
  test('lines damaged, doubled, dropped or replaced give a typed result, never an exception', () => {
    const lines = good.split('\n');
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.nat(lines.length - 1),
            fc.oneof(
              fc.string(),
              fc.constantFrom('', '\t\t\t', 'Inst x [', 'Inst a (1 b [c])', 'a\tb\tii \tz\tq\tr\t-1'),
            ),
          ),
          { maxLength: 30 },
        ),
        (changes) => {
          const mangled = [...lines];
          for (const [at, line] of changes) mangled[at] = line;
          const read = aptDriver.parseScan(
            { stdout: mangled.join('\n'), stderr: '', exitCode: 0 },
            { nonce: NONCE, startedAt: 0, finishedAt: 1 },
          );
          if (!read.ok) expect(read.error.code).toMatch(/^host\./);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('pure garbage, for every parser', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (text) => {
        const stdout = `@@${NONCE} begin\n${text}\n@@${NONCE} host\n${text}\n@@${NONCE} inventory\n${text}\n@@${NONCE} end\n`;
        const output = { stdout, stderr: text, exitCode: 0 };
        const nonce = NONCE;
        const results = [
          aptDriver.parseScan(output, { nonce, startedAt: 0, finishedAt: 1 }),
          aptDriver.parseSimulation(output, { nonce, stages: [], entries: [] }),
          aptDriver.parseCapture(output, { nonce }),
          aptDriver.parseStage(output, { nonce }),
          aptDriver.parseVerify(output, { nonce }),
        ];
        for (const result of results)
          expect(result).toMatchObject({ ok: false, error: { code: 'host.output-malformed' } });
      }),
    );
  });

  test('an endless line does not keep the parsers busy', () => {
    const long = `Inst ${'x ['.repeat(400_000)}`;
    const stdout = good.replace(/(@@\w+ full\n)/, `$1${long}\n`);
    const read = aptDriver.parseScan(
      { stdout, stderr: '', exitCode: 0 },
      { nonce: NONCE, startedAt: 0, finishedAt: 1 },
    );
    expect(read.ok).toBe(true);
  });
});

const apt = spawnSync('apt-get', ['--version']).status === 0;
describe.skipIf(!apt)('the real script on this machine', () => {
  const run = (script: string) => {
    const { stdout, stderr, status } = spawnSync('sh', ['-s'], {
      input: script,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    return { stdout, stderr, exitCode: status ?? -1 };
  };

  test("a scan agrees with apt's and dpkg's own words", () => {
    const startedAt = Date.now();
    const output = run(aptDriver.scan({ nonce: NONCE, refresh: false }).script);
    const read = aptDriver.parseScan(output, { nonce: NONCE, startedAt, finishedAt: Date.now() });
    if (!read.ok) throw new Error(read.error.message);
    const own = run(`dpkg-query -W -f='\${db:Status-Abbrev} \${Package}\\n' | grep -c '^.i'`);
    expect(read.value.packages).toHaveLength(Number(own.stdout));
    const plan = run(
      'LC_ALL=C apt-get -s -o Debug::NoLocking=1 -o APT::Get::Always-Include-Phased-Updates=true dist-upgrade',
    );
    const names = [...plan.stdout.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name?.split(':')[0] ?? '');
    expect(read.value.updates.map((one) => one.name)).toEqual(expect.arrayContaining(names));
    expect(Math.abs(read.value.facts.clockSkewSeconds)).toBeLessThanOrEqual(2);
  }, 300_000);
});
