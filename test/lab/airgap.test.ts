/**
 * Sites without a network: a bundle made where there is one, carried over as a file, and used on hosts that nothing but SSH from
 * their console reaches. Two consoles that know nothing of each other; apt and dnf hosts.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { BundlePackage } from '../../shared/model/bundle.ts';
import { BundleMetadata, MetadataLeftOut } from '../../shared/model/metadata.ts';
import { newKey } from '../support/sshServer.ts';
import { REPOSITORY_HOST, REPOSITORY_URL, SSH_PORT } from './fleet/config.ts';
import { type Fleet, startFleet } from './fleet/fleet.ts';
import type { LabHost } from './fleet/host.ts';
import { networkRepositoryAddress } from './fleet/network.ts';
import { LabConsole } from './support/console.ts';
import { describeLab, leftOn, pictureOf } from './support/outside.ts';

const Made = z.object({
  file: z.string(),
  packages: z.array(BundlePackage.extend({ via: z.enum(['pool', 'direct', 'host']) })),
  origins: z.array(z.string()),
  notDirect: z.array(z.object({ origin: z.string(), reason: z.string(), packages: z.number() })),
  missing: z.array(z.unknown()),
  metadata: BundleMetadata.extend({ leftOut: z.array(MetadataLeftOut) }),
});
const Taken = z.object({ bundle: z.object({ metadata: BundleMetadata }) });
const titles = (
  packages: readonly BundlePackage[],
  role: BundlePackage['role'],
  ecosystem = 'apt',
): string[] =>
  packages
    .filter((one) => one.role === role && one.ecosystem === ecosystem)
    .map((one) => `${one.name} ${one.version}`);

/** Everything rpm and dnf know of an RPM host's packages. */
const rpmPicture = (host: LabHost): Promise<string> =>
  host.output("rpm -qa --qf '%{NAME}.%{ARCH} %{EPOCH}:%{VERSION}-%{RELEASE}\\n' | sort");

describeLab('an air gap', () => {
  let fleet: Fleet;
  /** At the site with a network. */
  let here: LabConsole;
  /** At the one without. */
  let there: LabConsole;
  let work: string;
  /** The repository of h01. */
  let direct: string;
  const host = (name: string): LabHost => fleet.host(name);

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'frostline airgap '));
    fleet = await startFleet({ hosts: 3, dnf: 2, zypper: 2, networks: true });
    here = new LabConsole(fleet, { passphrase: 'correct horse battery' });
    there = new LabConsole(fleet, { passphrase: 'battery horse correct' });
    await host('h02').output('rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb');
    await host('h03').output('rm -rf /var/lib/apt/lists/* /etc/apt/sources.list /etc/apt/sources.list.d/*');
    await host('r02').output('rm -rf /var/cache/dnf/*');
    await host('z02').output('rm -rf /var/cache/zypp/*');
    for (const name of ['h02', 'h03', 'r02', 'z02'])
      await host(name).network.interfere({ kind: 'only', port: SSH_PORT });
    await there.takeIn([host('h02'), host('h03'), host('r02'), host('z02')]);
    // Its repository by an address that the console reaches too; r01 keeps the name that only hosts know.
    direct = REPOSITORY_URL.replace(REPOSITORY_HOST, networkRepositoryAddress(fleet.block));
    await host('h01').output(
      `sed -i 's|${REPOSITORY_URL}|${direct}|' /etc/apt/sources.list.d/* && apt-get -q update`,
    );
    // One kind of host after the other: which manager a version belongs to is known from scans.
    await here.takeIn([host('h01')]);
    await here.snapshotOf('air', 'lab-app=2.0', 'lab-lib=2.0', 'lab-epoch=1:2.0-1', 'lab-big=1.1');
    await here.takeIn([host('r01')]);
    const rpms = ['--add', 'lab-app=2.0-1', '--add', 'lab-lib=2.0-1'];
    await here.ok('snapshot', 'edit', 'air', ...rpms);
    await here.takeIn([host('z01')]);
    await here.ok('snapshot', 'edit', 'air', ...rpms, '--ecosystem', 'zypper');
  });
  afterAll(async () => {
    await here?.close();
    await there?.close();
    await fleet?.stop();
    await rm(work, { recursive: true, force: true });
  });

  const file = (name: string): string => join(work, name);
  test('no repository can be reached from the hosts without a network', async () => {
    const said = await host('h02').output('apt-get -q -o Acquire::Retries=0 update 2>&1; true');
    expect(said).toMatch(/Could not connect|No route to host|unreachable/i);
    expect(await host('h02').output('apt-cache policy lab-app')).not.toContain('2.0');
  });

  test('a bundle has what the connected hosts would install, with dependencies, and what they have', async () => {
    const before = await pictureOf(host('h01'));
    const { private: secret, public: line } = newKey();
    await writeFile(file('anna'), secret, { mode: 0o600 });
    await writeFile(file('signers'), `anna ${line}\n`);
    const made = Made.parse(
      await here.ok(
        ...['snapshot', 'bundle', 'air', file('a.frost.tar'), '--hosts', 'all', '--direct'],
        ...['--sign', file('anna')],
      ),
    );
    expect(made.missing).toEqual([]);
    // The managers say where. What is new for h01 the console fetches there; of the name in r01's address it knows nothing.
    const [reached, unknown] = [new URL(direct).origin, new URL(REPOSITORY_URL).origin];
    expect(made.origins).toEqual([reached, unknown].sort());
    expect(made.notDirect).toEqual([
      {
        origin: unknown,
        reason: expect.stringMatching(/\(E(NOTFOUND|AI_AGAIN)\)/),
        packages: 3,
      },
    ]);
    expect(
      [...new Set(made.packages.map((one) => `${one.ecosystem} ${one.role} ${one.via}`))].sort(),
    ).toEqual([
      'apt new direct',
      'apt rollback host',
      'dnf new host',
      'dnf rollback host',
      'zypper new host',
      'zypper rollback host',
    ]);
    expect(fleet.repository.requests).toContainEqual(
      expect.objectContaining({ host: null, path: expect.stringMatching(/\/lab-app_2\.0_/), status: 200 }),
    );
    expect(titles(made.packages, 'new')).toEqual([
      'lab-app 2.0',
      'lab-big 1.1',
      'lab-epoch 1:2.0-1',
      'lab-lib 2.0',
      'lab-newdep 1.0',
    ]);
    expect(titles(made.packages, 'rollback')).toEqual([
      'lab-app 1.0',
      'lab-big 1.0',
      'lab-epoch 1:2.0~rc1-1',
      'lab-lib 1.0',
    ]);
    for (const manager of ['dnf', 'zypper']) {
      expect(titles(made.packages, 'new', manager)).toEqual([
        'lab-app 2.0-1',
        'lab-lib 2.0-1',
        'lab-newdep 1.0-1',
      ]);
      expect(titles(made.packages, 'rollback', manager)).toEqual(['lab-app 1.0-1', 'lab-lib 1.0-1']);
    }
    const named = made.metadata.repositories.map(({ ecosystem, repository, signature }) => [
      ecosystem,
      repository,
      signature.status,
    ]);
    expect(named).toEqual([
      ['apt', 'Lab lab', 'unchecked'],
      ['dnf', 'lab', 'none'],
    ]);
    // r01 and z01 share one repository, and what it says stands in a bundle once: for the first of them.
    expect(made.metadata).toMatchObject({ vouched: made.packages.length - 5, leftOut: [] });
    expect(new Set(made.metadata.notVouched.map((one) => one.ecosystem))).toEqual(new Set(['zypper']));
    const alone = Made.parse(
      await here.ok('snapshot', 'bundle', 'air', file('z.frost.tar'), '--hosts', 'z01'),
    );
    expect(alone.metadata).toMatchObject({
      repositories: [{ ecosystem: 'zypper', repository: 'lab', signature: { status: 'none' } }],
      vouched: alone.packages.length,
      notVouched: [],
    });
    expect(statSync(made.file).mode & 0o777).toBe(0o600);
    expect(await pictureOf(host('h01'))).toEqual(before);
    expect(await leftOn(host('h01'))).toEqual([]);
    expect(await leftOn(host('r01'))).toEqual([]);
    expect(await leftOn(host('z01'))).toEqual([]);
  });

  test('a changed bundle is refused and changes nothing; the true one comes in', async () => {
    const bytes = await readFile(file('a.frost.tar'));
    // In the largest package, which is most of the file.
    const at = Math.floor(bytes.length / 2);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(file('b.frost.tar'), bytes);
    expect(await there.refusal('snapshot', 'import', file('b.frost.tar'))).toMatchObject({
      code: 'exchange.tampered',
      exit: 3,
    });
    expect(existsSync(join(there.dataDir, 'artefacts'))).toBe(false);
    // In what a repository says of its packages.
    const list = bytes.lastIndexOf('metadata/');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    bytes[list + 600] = (bytes[list + 600] ?? 0) ^ 1;
    await writeFile(file('b.frost.tar'), bytes);
    expect(await there.refusal('snapshot', 'import', file('b.frost.tar'))).toMatchObject({
      code: 'exchange.tampered',
      exit: 3,
    });
    expect(existsSync(join(there.dataDir, 'artefacts'))).toBe(false);
    const keyring = file('lab.gpg');
    const trusted = await host('h01').output('base64 /usr/share/keyrings/lab.gpg');
    await writeFile(keyring, Buffer.from(trusted, 'base64'));
    const taken = Taken.parse(
      await there.ok(
        ...['snapshot', 'import', file('a.frost.tar'), '--keyring', keyring],
        // What signed the bundle signed the snapshot, too: nothing else is wanted where only signed files are taken.
        ...['--allowed-signers', file('signers')],
      ),
    );
    expect(taken.bundle.metadata).toMatchObject({
      repositories: [{ signature: { status: 'good' } }, { signature: { status: 'none' } }],
      vouched: 14,
    });
    expect(readdirSync(join(there.dataDir, 'artefacts'))).toHaveLength(14);
  });

  test('a transfer that breaks goes on; the plan says what comes from the console, and the way back is proven', async () => {
    const planned = there.plan('air', 'all');
    planned.catch(() => {});
    const folder = '/var/lib/frostline/pushed';
    const coming = `find ${folder} -name '*.part' -size +1M 2>/dev/null; true`;
    // While the largest package is on its way.
    while ((await host('h02').output(coming)) === '') await delay(10);
    await host('h02').dropSshConnections();
    const { plan } = await planned;
    const brought = (name: string): string[] => {
      const one = plan.hosts.find((each) => each.host === name);
      expect(one).toMatchObject({ state: 'ready', proof: 'proven', refusals: [] });
      const old = one?.reasons.filter((reason) => reason.version !== undefined) ?? [];
      expect([...new Set(old.map((reason) => reason.source))]).toEqual(['console']);
      return one?.actions.map((action) => `${action.name} ${action.to} ${action.origin}`).sort() ?? [];
    };
    const apt = [
      'lab-app 2.0 the console',
      'lab-big 1.1 the console',
      'lab-epoch 1:2.0-1 the console',
      'lab-lib 2.0 the console',
      'lab-newdep 1.0 the console',
    ];
    expect(brought('h02')).toEqual(apt);
    expect(brought('h03')).toEqual(apt);
    for (const name of ['r02', 'z02'])
      expect(brought(name)).toEqual([
        'lab-app 2.0-1 the console',
        'lab-lib 2.0-1 the console',
        'lab-newdep 1.0-1 the console',
      ]);
    const files = await host('h02').output(
      `cd ${folder} && for f in *; do echo "$(sha256sum <"$f" | cut -c 1-64).deb $f"; done; ls -A | grep -c .`,
    );
    const lines = files.trim().split('\n');
    expect(lines.pop()).toBe('5');
    for (const line of lines) expect(line.split(' ')[0]).toBe(line.split(' ')[1]);
  });

  test('the hosts install from the brought files, without a repository, and go back to what was', async () => {
    const gap = ['h02', 'h03', 'r02', 'z02'];
    const pictures = async () => [
      await pictureOf(host('h02')),
      await pictureOf(host('h03')),
      await rpmPicture(host('r02')),
      await rpmPicture(host('z02')),
      await host('z02').output(
        'find /etc/zypp -type f | sort | xargs sha256sum; grep -v "^#" /var/lib/zypp/AutoInstalled',
      ),
      await host('h02').output('find /etc/apt -type f | sort | xargs sha256sum'),
      await host('r02').output('find /etc/dnf /etc/yum.repos.d -type f | sort | xargs sha256sum'),
    ];
    const before = await pictures();
    const done = await there.run('air', 'all', '--require-proof');
    expect(done.code, done.live.timeline().join('\n')).toBe(0);
    expect(done.live.finished.hosts).toEqual(Object.fromEntries(gap.map((name) => [name, 'succeeded'])));
    for (const name of ['h02', 'h03']) {
      const packages = await host(name).packages('lab-*');
      expect(packages.get('lab-app')).toMatchObject({ version: '2.0', state: 'ii' });
      expect(packages.get('lab-newdep')).toMatchObject({ version: '1.0', state: 'ii' });
      expect(packages.get('lab-epoch')).toMatchObject({ version: '1:2.0-1', state: 'ii' });
    }
    expect(await rpmPicture(host('r02'))).toMatch(/^lab-app\.\S+ \S+:2\.0-1$/m);

    const undone = await there.runs('rollback', done.id);
    expect(undone.code, undone.live.timeline().join('\n')).toBe(0);
    for (const task of undone.run.tasks)
      expect(task.difference).toEqual({ equal: true, versions: [], marks: [] });
    expect(await pictures()).toEqual(before);
    await there.ok('runs', 'accept', done.id);
    for (const name of gap) expect(await leftOn(host(name))).toEqual([]);
  });
});
