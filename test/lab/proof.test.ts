/**
 * Going back to a version that no repository has any more: from the host's own cache, from another host's, from the
 * console's store, or not at all, said before the run. And files that say they are the old package, but are not.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Plan, ProofReason } from '../../shared/model/plan.ts';
import { users } from './fleet/config.ts';
import { type Fleet, startFleet } from './fleet/fleet.ts';
import type { LabHost } from './fleet/host.ts';

import { LabConsole } from './support/console.ts';
import { describeLab, leftOn, pictureOf, picturesOf, resetWorn } from './support/outside.ts';

const CACHED = '/var/cache/apt/archives/lab-vanished_1.0_all.deb';

/** The old package, packed once more exactly as it was installed; `edit` runs on its files before. */
const keepCopy = (host: LabHost, edit = 'true', at = CACHED): Promise<string> =>
  host.output(
    [
      'rm -rf /tmp/old && mkdir -p /tmp/old/DEBIAN',
      'dpkg-query -s lab-vanished | grep -Ev "^(Status|Conffiles|Installed-Size):" > /tmp/old/DEBIAN/control',
      'dpkg-query --control-list lab-vanished | while read -r m; do dpkg-query --control-show lab-vanished "$m" > "/tmp/old/DEBIAN/$m"; chmod 755 "/tmp/old/DEBIAN/$m"; done',
      'dpkg-query -L lab-vanished | while read -r f; do [ -d "$f" ] || { mkdir -p "/tmp/old$(dirname "$f")" && cp -a "$f" "/tmp/old$f"; }; done',
      `cd /tmp/old && ${edit}`,
      `dpkg-deb --root-owner-group -Zgzip -z1 -b /tmp/old ${at} >/dev/null`,
      'rm -rf /tmp/old',
    ].join(' && '),
  );
/** As long as the true one, so that only its bytes tell. */
const OTHER_CONTENT =
  'tr 0-9 5-90-4 < usr/share/lab-vanished/version > v && mv v usr/share/lab-vanished/version';
const sha256Of = async (host: LabHost, file = CACHED): Promise<string> =>
  (await host.output(`sha256sum ${file} | cut -c 1-64`)).trim();

const vanished = (plan: Plan, host: string): ProofReason | undefined =>
  plan.hosts.find((one) => one.host === host)?.reasons.find((reason) => reason.package === 'lab-vanished');

describeLab('the rollback proof', () => {
  let fleet: Fleet;
  let console: LabConsole;
  const host = (name: string): LabHost => fleet.host(name);
  const pool = (): string[] => {
    try {
      return readdirSync(join(console.dataDir, 'artefacts'));
    } catch {
      return [];
    }
  };

  beforeAll(async () => {
    fleet = await startFleet({ hosts: 6 });
    console = new LabConsole(fleet, { passphrase: 'correct horse battery' });
    await console.takeIn();
    await console.snapshotOf('vanished', 'lab-vanished=1.1', 'lab-plain=1.1');
  });
  afterAll(async () => {
    await console?.close();
    await fleet?.stop();
  });
  afterEach(async () => {
    await resetWorn(fleet);
    await Promise.all(fleet.hosts.map((one) => one.output(`rm -f ${CACHED}`)));
  });

  test('nobody has it: impossible in the plan, refused with --require-proof while the others run', async () => {
    await keepCopy(host('h01'), OTHER_CONTENT);
    const { plan } = await console.plan('vanished', 'h02');
    expect(vanished(plan, 'h02')).toMatchObject({
      proof: 'impossible',
      source: 'none',
      arch: 'all',
      version: '1.0',
    });
    expect(plan.hosts[0]).toMatchObject({ state: 'ready', proof: 'impossible' });
    const before = await picturesOf([host('h02')]);
    await host('h03').output('apt-get -qy install lab-vanished=1.1');
    const done = await console.run('vanished', 'h02 or h03', '--require-proof', '--max-failures', '100%');
    expect(done.live.finished.hosts).toEqual({ h02: 'refused', h03: 'succeeded' });
    const refused = done.run.tasks.find((task) => task.host === 'h02');
    expect(refused?.error).toMatchObject({ code: 'proof.insufficient' });
    expect(refused?.error?.message).toContain('lab-vanished');
    expect(await picturesOf([host('h02')])).toEqual(before);
    expect(await leftOn(host('h02'))).toEqual([]);
    expect(pool()).toEqual([]);
    await console.ok('runs', 'accept', done.id);
  });

  test('a file in the cache that is not the installed package is not used, and is named', async () => {
    await keepCopy(host('h01'), OTHER_CONTENT);
    await keepCopy(host('h02'), 'echo "#!/bin/sh" > DEBIAN/postinst && chmod 755 DEBIAN/postinst');
    await keepCopy(host('h03'), 'mkdir -p etc/cron.d && echo "* * * * * root true" > etc/cron.d/lab');
    await keepCopy(host('h04'), 'rm usr/share/lab-vanished/version');
    await keepCopy(host('h05'), 'true');
    await host('h05').output(`truncate -s -200 ${CACHED}`);
    await keepCopy(host('h06'), 'sed -i "s/^Description/Depends: lab-plain\\nDescription/" DEBIAN/control');
    const { plan } = await console.plan('vanished', 'all');
    const said = plan.hosts.map((one) => [one.host, vanished(plan, one.host)?.reason ?? '']);
    for (const [name, reason] of said) expect(reason, String(name)).toContain(CACHED);
    expect(plan.hosts.map((one) => vanished(plan, one.host)?.source)).not.toContain('host');
    expect(Object.fromEntries(said)).toMatchObject({
      h01: expect.stringContaining('version: Contents differ'),
      h02: expect.stringContaining('other scripts'),
      h03: expect.stringContaining('also has /etc'),
      h04: expect.stringContaining('lacks /usr/share/lab-vanished/version'),
      h05: expect.stringContaining('unpacked'),
      h06: expect.stringContaining('dependencies differ'),
    });
    expect(pool()).toEqual([]);
  });

  test("another host's copy that is not the installed package is refused by the host it is brought to, before anything changes", async () => {
    await keepCopy(host('h01'), OTHER_CONTENT);
    await host('h01').output('apt-get -qy install lab-vanished=1.1 lab-plain=1.1');
    const before = await picturesOf([host('h02')]);
    const done = await console.run('vanished', 'h01 or h02', '--require-proof');
    expect(done.live.finished.hosts).toEqual({ h01: 'compliant', h02: 'refused' });
    expect(done.live.path('h02').slice(-2)).toEqual(['capturing', 'refused']);
    expect(done.run.tasks.find((task) => task.host === 'h02')?.error).toMatchObject({
      code: 'proof.insufficient',
      message: expect.stringContaining('version: Contents differ'),
    });
    expect(await picturesOf([host('h02')])).toEqual(before);
    expect(await leftOn(host('h02'))).toEqual([]);
    await console.ok('runs', 'accept', done.id);
    await console.ok('artefacts', 'prune');
    expect(pool()).toEqual([]);
  });

  test('the host has it in its cache: proven, brought back and equal, and the console keeps it until the run is accepted', async () => {
    await keepCopy(host('h01'));
    const hash = await sha256Of(host('h01'));
    const before = await pictureOf(host('h01'));
    const { plan } = await console.plan('vanished', 'h01');
    expect(vanished(plan, 'h01')).toMatchObject({ proof: 'proven', source: 'host' });
    const done = await console.run('vanished', 'h01', '--require-proof');
    expect(done.code).toBe(0);
    expect(pool()).toEqual([hash]);
    expect(statSync(join(console.dataDir, 'artefacts', hash)).mode & 0o777).toBe(0o600);
    const undone = await console.runs('rollback', done.id);
    expect(undone.code, undone.live.timeline().join('\n')).toBe(0);
    expect(undone.run.tasks[0]?.difference).toEqual({ equal: true, versions: [], marks: [] });
    expect(await pictureOf(host('h01'))).toEqual(before);

    await console.ok('artefacts', 'prune');
    expect(pool()).toEqual([hash]);
    await console.ok('runs', 'accept', done.id);
    expect(await leftOn(host('h01'))).toEqual([]);
  });

  test('only the store has it: brought to the hosts over sudo with and without a password, proven, brought back', async () => {
    expect(pool()).toHaveLength(1);
    const password = console.secretFile(users.asker.password);
    await console.edit('h03', '--user', 'asker', '--sudo', 'password', '--sudo-password-file', password);
    const names = ['h02', 'h03'];
    const before = await picturesOf(names.map(host));
    const { plan } = await console.plan('vanished', ...names);
    for (const name of names)
      expect(vanished(plan, name)).toMatchObject({ proof: 'proven', source: 'console' });
    const done = await console.run('vanished', 'h02 or h03', '--require-proof');
    expect(done.code, done.live.timeline().join('\n')).toBe(0);
    expect((await console.runs('rollback', done.id)).code).toBe(0);
    expect(await picturesOf(names.map(host))).toEqual(before);
    await console.ok('runs', 'accept', done.id);
    for (const name of names) expect(await leftOn(host(name))).toEqual([]);
  });

  test('a damaged file in the store is not used, and is named', async () => {
    const [hash = ''] = pool();
    const file = join(console.dataDir, 'artefacts', hash);
    const bytes = readFileSync(file);
    bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const { plan } = await console.plan('vanished', 'h04');
    expect(vanished(plan, 'h04')).toMatchObject({ proof: 'impossible', source: 'none' });
    expect(vanished(plan, 'h04')?.reason).toContain(`${hash.slice(0, 12)}… is damaged`);
    expect((await console.refusal('run', 'vanished', 'h04', '--require-proof', '--yes')).code).toBe(
      'proof.insufficient',
    );
    await console.ok('artefacts', 'prune');
    expect(pool()).toEqual([]);
  });

  test('only another host of the plan has it: fetched from there, brought here, proven, brought back', async () => {
    await keepCopy(host('h05'));
    await host('h05').output('apt-get -qy install lab-vanished=1.1 lab-plain=1.1');
    const before = await picturesOf([host('h06')]);
    const { plan } = await console.plan('vanished', 'h05', 'h06');
    expect(vanished(plan, 'h06')).toMatchObject({
      proof: 'proven',
      source: 'console',
      reason: expect.stringContaining('h05'),
    });
    expect(plan.hosts.find((one) => one.host === 'h05')?.state).toBe('compliant');
    expect(pool()).toEqual([await sha256Of(host('h05'))]);
    const done = await console.run('vanished', 'h05 or h06', '--require-proof');
    expect(done.code).toBe(0);
    expect(done.live.finished.hosts).toEqual({ h05: 'compliant', h06: 'succeeded' });
    const undone = await console.runs('rollback', done.id);
    expect(undone.code).toBe(0);
    expect(undone.run.tasks.find((task) => task.host === 'h06')?.difference?.equal).toBe(true);
    expect(await picturesOf([host('h06')])).toEqual(before);
  });

  test("the event logs, replayed, give the runs' stored state", async () => {
    expect(await console.disagreements()).toEqual([]);
  });
});
