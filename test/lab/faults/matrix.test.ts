/**
 * The fault matrix: every fault an admin meets, on a fresh host of its own, and what becomes of it. docs/faults.md is made from
 * the same rows, so that it says what was proven here.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Fleet, startFleet } from '../fleet/fleet.ts';
import { rpmArchitecture } from '../fleet/rpm.ts';
import { LabConsole } from '../support/console.ts';
import { describeLab } from '../support/outside.ts';
import { Case } from './case.ts';
import { prepareExtras } from './extras.ts';
import { performRow } from './perform.ts';
import { Pool } from './pool.ts';
import { rows } from './rows.ts';
import { aptSide, dnfSide, type Side, type SideName, zypperSide } from './sides.ts';

/** As many as two processors can serve in time: a fault that comes late is another fault. */
const HOSTS = 5;
const DNF_HOSTS = 3;
const ZYPPER_HOSTS = 2;

/** FAULTS=id,id/dnf … runs these rows alone. */
const wanted = process.env.FAULTS?.split(',');
const performed = rows.flatMap((row) =>
  row.on
    .filter((side) => wanted?.some((one) => one === row.id || one === `${row.id}/${side}`) ?? true)
    .map((side) => ({ row, side })),
);
// One host has systemd, and its rows come one after another: begun last they would be what everything waits for.
const onSystemd = performed.filter(({ row }) => row.flavour === 'systemd');
const ordered = [...onSystemd, ...performed.filter((one) => !onSystemd.includes(one))];

vi.setConfig({ maxConcurrency: HOSTS + 1 + DNF_HOSTS + ZYPPER_HOSTS + onSystemd.length });

const matrix = (): void => {
  let fleet: Fleet;
  let console: LabConsole;
  const sides = new Map<SideName, Side>();
  const pool = new Pool();

  beforeAll(async () => {
    fleet = await startFleet({
      hosts: HOSTS + 1,
      systemd: 1,
      dnf: DNF_HOSTS,
      zypper: ZYPPER_HOSTS,
      networks: true,
    });
    const { sshServer } = await prepareExtras(fleet);
    sides.set('apt', aptSide({ 'openssh-server': sshServer }));
    sides.set('dnf', dnfSide(await rpmArchitecture()));
    sides.set('zypper', zypperSide(await rpmArchitecture()));
    console = new LabConsole(fleet, { passphrase: 'the matrix of faults' });
    await console.takeIn();
    for (const host of fleet.hosts) pool.add(host, { side: host.manager, flavour: host.flavour });
  });
  afterAll(async () => {
    await console?.close();
    await fleet?.stop();
  });

  describe.concurrent('rows', () => {
    test.each(ordered.map(({ row, side }) => [row.id, side, row.fault, row] as const))(
      '%s (%s): %s',
      { timeout: 600_000 },
      async (_id, name, _fault, row) => {
        const side = sides.get(name);
        if (side === undefined) throw new Error(`no host has ${name}`);
        const host = await pool.take({ side: side.name, flavour: row.flavour ?? 'plain' });
        const c = new Case({ fleet, console, host, side });
        const began = Date.now();
        try {
          await performRow(row, c);
        } finally {
          await c.undoAll();
          await host.reset();
          pool.give(host);
          if (process.env.FAULTS_TIMES)
            process.stderr.write(`${row.id} ${side.name} ${Date.now() - began} ms\n`);
        }
      },
    );
  });

  test("the event logs of all runs, replayed, give the runs' stored state", async () => {
    expect(await console.disagreements()).toEqual([]);
  });
};

// The last test asks about the runs of all rows at once: to ask for each takes a process for each.
describeLab('the fault matrix', matrix, { checksRuns: true });
