import { describe, expect, test } from 'vitest';
import { aptDriver } from '../../../main/core/drivers/apt/driver.ts';
import {
  migratesData,
  type OldArtefacts,
  proofs,
  reverseFault,
} from '../../../main/core/drivers/apt/proof.ts';
import { readPolicies, readTransaction } from '../../../main/core/drivers/apt/transaction.ts';
import type { PlanAction } from '../../../shared/model/plan.ts';
import { NONCE, recorded, simulated } from './cases.ts';

const action = (rest: Partial<PlanAction>): PlanAction => ({
  action: 'upgrade',
  name: 'a',
  arch: 'amd64',
  from: '1',
  to: '2',
  stage: 1,
  dependency: false,
  ...rest,
});

describe('what would change', () => {
  test('each action stands in the first stage that brings it; dependencies are told from entries', () => {
    const { actions, refusals } = simulated('stages');
    expect(refusals).toEqual([]);
    expect(actions.map((one) => [one.stage, one.action, one.name, one.from, one.to, one.dependency])).toEqual(
      [
        [1, 'upgrade', 'lab-multi', '1.0', '1.1', false],
        [2, 'upgrade', 'lab-app', '1.0', '2.0', false],
        [2, 'upgrade', 'lab-lib', '1.0', '2.0', true],
        [2, 'install', 'lab-newdep', undefined, '1.0', true],
      ],
    );
  });

  test('a hold is not quietly changed', () => {
    expect(simulated('held').refusals).toMatchObject([
      { code: 'host.dependency-conflict', package: 'lab-held' },
    ]);
  });

  test('a version no repository has is refused, with those it has', () => {
    expect(simulated('missing').refusals).toEqual([
      {
        code: 'host.version-unavailable',
        message: "lab-plain 9.9 is in none of this host's repositories (they offer 1.1, 1.0).",
        package: 'lab-plain',
      },
    ]);
  });

  test("what apt cannot do is refused in apt's words", () => {
    const [refusal] = simulated('conflict').refusals;
    expect(refusal).toMatchObject({ code: 'host.dependency-conflict' });
    expect(refusal?.message).toContain('lab-app : Depends: lab-lib (>= 2.0) but 1.0 is to be installed');
  });

  test('a rejected package that comes in all the same is refused, and so is a listed one in another version', () => {
    expect(simulated('rejected').refusals).toMatchObject([
      { code: 'host.dependency-conflict', package: 'lab-lib' },
    ]);
    expect(simulated('otherVersion').refusals).toMatchObject([
      {
        code: 'host.dependency-conflict',
        package: 'lab-newdep',
        message: expect.stringContaining('listed as 0.9'),
      },
    ]);
  });

  test('nothing is installed over a broken package, unless it is the one that gets replaced', () => {
    expect(simulated('broken').refusals).toMatchObject([
      { code: 'host.packages-broken', package: 'lab-broken' },
    ]);
    const one = recorded('broken');
    const mended = one.stdout.replaceAll('Inst lab-plain [1.0] (1.1', 'Inst lab-broken [1.1] (1.2');
    const read = aptDriver.parseSimulation(
      { ...one, stdout: mended },
      { nonce: NONCE, stages: one.stages, entries: [] },
    );
    expect(read.ok && read.value.refusals.map((refusal) => refusal.code)).toEqual([]);
  });

  test('a kernel, libc or systemd wants a reboot', () => {
    const one = recorded('vanished');
    const reboot = (name: string) => {
      const stdout = one.stdout.replaceAll('Inst lab-vanished', `Inst ${name}`);
      const read = aptDriver.parseSimulation(
        { ...one, stdout },
        { nonce: NONCE, stages: one.stages, entries: [] },
      );
      return read.ok && read.value.reboot;
    };
    expect(
      ['linux-image-6.1.0-30-amd64', 'libc6', 'systemd', 'intel-microcode', 'dbus'].map(reboot),
    ).not.toContain(false);
    expect(reboot('nginx')).toBe(false);
  });

  test('what does not fit is said per mount', () => {
    const one = recorded('stages');
    const stdout = one.stdout.replace(
      /(@@\w+ mounts\n)[\s\S]*?(\n@@\w+ rc mounts)/,
      '$1/usr\t/dev/sda1 100 90 10 90% /usr\n/\t/dev/sda2 1000000 0 1000000 0% /\n$2',
    );
    const read = aptDriver.parseSimulation(
      { ...one, stdout },
      { nonce: NONCE, stages: one.stages, entries: [] },
    );
    expect(read.ok && read.value.bytes.short.map((mount) => mount.target)).toEqual(['/usr']);
    expect(read.ok && read.value.bytes.available).toBe(10 * 1024);
  });
});

describe('the rollback proof', () => {
  const old: OldArtefacts = {
    repository: () => 'repo',
    file: () => undefined,
    spoilt: () => undefined,
    arch: (_, arch) => arch,
    held: () => undefined,
    repack: false,
  };
  const nowhere = { ...old, repository: () => undefined };

  test('obtainable and a clean way back: proven', () => {
    expect(simulated('stages').proof.map((one) => one.proof)).toEqual(Array(4).fill('proven'));
  });

  test('an old version that is nowhere any more: impossible, naming it', () => {
    expect(simulated('vanished').proof).toEqual([
      {
        package: 'lab-vanished',
        arch: 'all',
        version: '1.0',
        proof: 'impossible',
        source: 'none',
        reason: expect.stringContaining('1.0'),
      },
    ]);
  });

  test("the console's copy of it makes it proven, naming where it came from", () => {
    const one = recorded('vanished');
    const asked: string[][] = [];
    const read = aptDriver.parseSimulation(one, {
      nonce: NONCE,
      stages: one.stages,
      entries: one.entries,
      held: (...key) => {
        asked.push(key);
        return { source: 'console', from: 'h02' };
      },
    });
    expect(read.ok && read.value.proof).toEqual([
      {
        package: 'lab-vanished',
        arch: 'all',
        version: '1.0',
        proof: 'proven',
        source: 'console',
        reason: "1.0 from the console's store (it came from h02)",
      },
    ]);
    expect(asked).toEqual([['lab-vanished', 'all', '1.0']]);
  });

  test('sources are tried in their order: host, repository, console or archive, repack', () => {
    const from = (some: Partial<OldArtefacts>) =>
      proofs([action({ name: 'a' })], { ...nowhere, ...some }, undefined)[0];
    const held: OldArtefacts['held'] = () => ({ source: 'archive', from: 'snapshot.example' });
    expect(from({ file: () => '/f', repository: () => 'r', held, repack: true })?.source).toBe('host');
    expect(from({ repository: () => 'r', held, repack: true })?.source).toBe('repository');
    expect(from({ held, repack: true })).toMatchObject({ source: 'archive', proof: 'proven' });
    expect(from({ repack: true })).toMatchObject({ source: 'repack', proof: 'best-effort' });
    expect(from({})).toMatchObject({ source: 'none', proof: 'impossible' });
  });

  test('a file that is not what is installed is named', () => {
    const [reason] = proofs([action({})], { ...nowhere, spoilt: () => '/var/x.deb is not it' }, undefined);
    expect(reason).toMatchObject({ proof: 'impossible', reason: expect.stringContaining('/var/x.deb') });
  });

  test('a way back that is not exactly the opposite is no proof', () => {
    const forward = [action({}), action({ action: 'install', name: 'b', to: '1' })];
    const clean = readTransaction('Inst a [2] (1 x [amd64])\nRemv b [1]\n');
    expect(reverseFault(forward, clean, 0)).toBeUndefined();
    expect(
      reverseFault(forward, readTransaction('Inst a [2] (1 x [amd64])\nRemv b [1]\nRemv c [1]\n'), 0),
    ).toContain('c');
    expect(reverseFault(forward, readTransaction('Inst a [2] (1 x [amd64])\n'), 0)).toContain(
      'not restore b',
    );
    expect(reverseFault(forward, readTransaction('Inst a [2] (1.5 x [amd64])\nRemv b [1]\n'), 0)).toContain(
      'a',
    );
    expect(reverseFault(forward, readTransaction('E: no\n'), 100)).toContain('no');
    expect(reverseFault(forward, undefined, undefined)).toBeDefined();
    const [first] = proofs([action({})], old, 'going back would also change c');
    expect(first).toMatchObject({ proof: 'best-effort', reason: expect.stringContaining('also change c') });
  });

  test('servers that migrate their data are best effort, their clients are not', () => {
    expect(
      ['postgresql-15', 'mariadb-server', 'mysql-server-8.0', 'slapd', 'dovecot-core'].every(migratesData),
    ).toBe(true);
    expect(['postgresql-client-15', 'libpq5', 'mariadb-client', 'nginx'].some(migratesData)).toBe(false);
    expect(proofs([action({ name: 'slapd' })], old, undefined)[0]?.proof).toBe('best-effort');
  });

  test('packed again from its files is best effort', () => {
    const [reason] = proofs([action({})], { ...nowhere, repack: true }, undefined);
    expect(reason).toMatchObject({ proof: 'best-effort', source: 'repack' });
  });
});

describe("apt's own words", () => {
  test('transactions: foreign architectures, several origins, downgrades, purges, odd labels', () => {
    const read = readTransaction(
      [
        'Inst libc6:i386 [2.36-9] (2.36-9+deb12u4 Debian:12.5/stable, Debian-Security:12/stable-security [i386]) [libc6:amd64 ]',
        'Inst a (1.0 My Label (x):1/suite [all])',
        'Inst b [2.0] (1.0 localhost [amd64])',
        'Purg c:i386 [1.2]',
        'Remv d [3] [e:amd64 ]',
        'The following packages have been kept back:',
        '  k1 k2:i386',
        '  k3',
        'E: Something broke',
      ].join('\n'),
    );
    expect(read.installs).toEqual([
      {
        name: 'libc6',
        arch: 'i386',
        from: '2.36-9',
        to: '2.36-9+deb12u4',
        origin: 'Debian:12.5/stable, Debian-Security:12/stable-security',
      },
      { name: 'a', arch: 'all', to: '1.0', origin: 'My Label (x):1/suite' },
      { name: 'b', arch: 'amd64', from: '2.0', to: '1.0', origin: 'localhost' },
    ]);
    expect(read.removals).toEqual([
      { name: 'c', arch: 'i386', version: '1.2' },
      { name: 'd', version: '3' },
    ]);
    expect(read.keptBack).toEqual(['k1', 'k2:i386', 'k3']);
    expect(read.errors).toEqual(['Something broke']);
  });

  test('a version only dpkg has is offered by nobody', () => {
    const policy = readPolicies(
      [
        'bash:',
        '  Installed: 5.2.15-2+b8',
        '  Candidate: 5.2.15-2+b13',
        '  Version table:',
        '     5.2.15-2+b13 500',
        '        500 http://mirror.example/debian bookworm/main amd64 Packages',
        ' *** 5.2.15-2+b8 100',
        '        100 /var/lib/dpkg/status',
        '     5.2.15-2+b1 -1',
        '         -1 http://other bookworm/main amd64 Packages',
        'libc6:i386:',
        '  Candidate: (none)',
      ].join('\n'),
    );
    expect([...(policy.get('bash')?.offered.keys() ?? [])]).toEqual(['5.2.15-2+b13', '5.2.15-2+b1']);
    expect(policy.get('bash')?.candidate).toBe('5.2.15-2+b13');
    expect(policy.get('libc6:i386')).toEqual({ offered: new Map() });
  });
});
