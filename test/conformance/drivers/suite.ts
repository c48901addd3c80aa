/**
 * What every package driver must do, over a host: a recording of one, or a real one. The same checks for both; those that
 * change packages run only where `mutation` is given. `exec` runs a script as the transport would (`spec.root`: as root).
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type {
  PackageDriver,
  ScanReading,
  Simulation,
  StageRequest,
} from '../../../main/core/drivers/driver.ts';
import type { GuardReading } from '../../../main/core/drivers/guard.ts';
import { holds } from '../../../main/core/drivers/relations.ts';
import {
  type FollowEvent,
  FollowReader,
  followJob,
  parseStart,
  startJob,
} from '../../../main/core/jobs/job.ts';
import type { CommandOutput, CommandSpec } from '../../../main/core/ports.ts';
import type { Result } from '../../../shared/errors.ts';
import { Capture } from '../../../shared/model/run.ts';
import { Facts, InstalledPackage, PackageRelations, Update } from '../../../shared/model/scan.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';

export type HostUnderTest = {
  name: string;
  /** `step` names the call, so that a recording can find its output. */
  exec(step: string, spec: CommandSpec): Promise<CommandOutput>;
  /** A fresh one per command; a recording always gives the one it was made with. */
  nonce(): string;
  /** Updates of this host to go to; every one must be installable. */
  wanted: { name: string; version: string; stage: number }[];
  /** Two tokens for jobs, where the host may be changed. */
  mutation?: { token: string };
};

const NOWHERE = '00000000-0000-4000-8000-000000000000';

export function must<T>(result: Result<T>): T {
  if (!result.ok)
    throw new Error(`${result.error.code}: ${result.error.message} (${result.error.hint ?? ''})`);
  return result.value;
}

const entriesOf = (driver: PackageDriver, wanted: HostUnderTest['wanted']): Entry[] =>
  wanted.map((one) => ({ ecosystem: driver.id, ...one, decision: 'approve', source: 'manual' }));

/** Asks twice, as a plan does: what is installed, then what applies to it. */
export async function simulate(
  driver: PackageDriver,
  host: HostUnderTest,
  entries: Entry[],
  label = '',
): Promise<{ simulation: Simulation; stages: StageRequest[] }> {
  const ask = async (step: string, stages: StageRequest[]) => {
    const nonce = host.nonce();
    const output = await host.exec(step, driver.simulate({ nonce, stages, refresh: false }));
    return must(driver.parseSimulation(output, { nonce, stages, entries }));
  };
  const { installed } = await ask(`${label}installed`, []);
  const { stages } = driver.select(entries, installed);
  return { stages, simulation: await ask(`${label}simulate`, stages) };
}

async function runJob(
  host: HostUnderTest,
  token: string,
  script: string,
): Promise<{ events: FollowEvent[]; log: string; code: number | undefined }> {
  const startNonce = host.nonce();
  const started = await host.exec(`start ${token}`, startJob({ nonce: startNonce, token, script }));
  expect(must(parseStart(started, startNonce))).toBe('started');
  const nonce = host.nonce();
  const output = await host.exec(
    `follow ${token}`,
    followJob({ nonce, token, logOffset: 0, progressOffset: 0 }),
  );
  const events = new FollowReader(nonce).feed(new TextEncoder().encode(output.stdout));
  const last = events.at(-1);
  return {
    events,
    log: events.map((event) => (event.kind === 'log' ? event.text : '')).join(''),
    code: last?.kind === 'exit' ? last.code : undefined,
  };
}

async function verify(driver: PackageDriver, host: HostUnderTest, step: string) {
  const nonce = host.nonce();
  return must(driver.parseVerify(await host.exec(step, driver.verify({ nonce })), { nonce }));
}

export function driverSuite(driver: PackageDriver, host: HostUnderTest): void {
  describe(`${driver.id} on ${host.name}`, () => {
    let reading: ScanReading;
    let simulation: Simulation;
    let stages: StageRequest[];
    const entries = entriesOf(driver, host.wanted);

    beforeAll(async () => {
      const nonce = host.nonce();
      const startedAt = Date.now();
      const output = await host.exec('scan', driver.scan({ nonce, refresh: false }));
      reading = must(driver.parseScan(output, { nonce, startedAt, finishedAt: Date.now() }));
      ({ simulation, stages } = await simulate(driver, host, entries));
    }, 120_000);

    test('a scan is whole, and every part of it is valid', () => {
      expect(reading.partial).toBeUndefined();
      Facts.parse(reading.facts);
      for (const one of reading.packages) InstalledPackage.parse(one);
      for (const one of reading.updates) Update.parse(one);
      expect(reading.facts.manager).toBe(driver.id);
      expect(reading.packages.length).toBeGreaterThan(host.wanted.length);
    });

    test('every update of an installed package is newer than it, and names where it comes from', () => {
      const installed = new Map(reading.packages.map((one) => [`${one.name}:${one.arch}`, one.version]));
      expect(reading.updates.length).toBeGreaterThan(0);
      for (const update of reading.updates.filter((one) => one.from !== null)) {
        expect(installed.get(`${update.name}:${update.arch}`)).toBe(update.from);
        expect(driver.compareVersions(update.from ?? '', update.to)).toBeLessThan(0);
        expect(update.origin).not.toBe('');
        expect(update.sha256).toMatch(/^[0-9a-f]{64}$/);
      }
    });

    test('what the updates need beyond what is installed, and what they take the place of, is read with them', () => {
      for (const one of reading.relations ?? []) PackageRelations.parse(one);
      const of = (name: string) => reading.relations?.find((one) => one.name === name && !one.installed);
      const offers = new Map(reading.updates.map((update) => [update.name, update.to]));
      // Its new version needs a newer library and a package that is not installed.
      const needs = of('lab-app')?.requires.flat() ?? [];
      expect(needs.map((one) => one.name)).toEqual(['lab-lib', 'lab-newdep']);
      for (const need of needs)
        expect(holds(need, offers.get(need.name) ?? '', driver.compareVersions)).toBe(true);
      expect(of('lab-lib')?.conflicts).toMatchObject([{ name: 'lab-app', op: '<' }]);
      expect(of('lab-mail')?.replaces).toMatchObject([{ name: 'lab-mail-legacy' }]);
      // It depends on nothing that is not there anyway.
      expect(of('lab-plain')).toBeUndefined();
    });

    test('a simulation plans every wanted package in its stage, and refuses nothing', () => {
      expect(simulation.refusals).toEqual([]);
      for (const want of host.wanted) {
        const action = simulation.actions.find((one) => one.name === want.name);
        expect(action).toMatchObject({ to: want.version, stage: want.stage, dependency: false });
      }
      expect(simulation.proof.map((one) => one.package).sort()).toEqual(
        [...new Set(simulation.actions.map((action) => action.name))].sort(),
      );
    });

    test('simulating changed nothing', async () => {
      const now = await verify(driver, host, 'verify');
      expect(now.packages.filter((one) => /^.[HUFWti]/.test(one.state))).toHaveLength(
        reading.packages.length,
      );
      expect(now.bootId).toBe(simulation.bootId);
    });

    test('output cut anywhere is an error that says so, never half a reading', async () => {
      const nonce = host.nonce();
      const output = await host.exec('scan', driver.scan({ nonce, refresh: false }));
      for (const share of [0, 0.1, 0.5, 0.9, 0.99]) {
        const cut = { ...output, stdout: output.stdout.slice(0, Math.floor(output.stdout.length * share)) };
        const parsed = driver.parseScan(cut, { nonce, startedAt: 0, finishedAt: 1 });
        expect(parsed).toMatchObject({ ok: false, error: { code: 'host.output-malformed' } });
      }
    });

    const mutation = host.mutation;
    const readGuard = async (step: string, spec: (nonce: string) => CommandSpec): Promise<GuardReading> => {
      const nonce = host.nonce();
      return must(driver.parseGuard(await host.exec(step, spec(nonce)), { nonce }));
    };

    test('where no guard was put there is none', async () => {
      const none = await readGuard('guard none', (nonce) => driver.guardState({ nonce }));
      expect(none).toMatchObject({ present: 'none', files: [], gaps: [] });
      expect(none.bootId).toBe(simulation.bootId);
    });

    test.runIf(mutation !== undefined)(
      'a guard that was put is read back whole and by name, is put twice as once, and leaves nothing behind',
      async () => {
        const request = {
          id: 'c0ffee'.padEnd(64, '0'),
          about: 'Frozen by Frostline: snapshot conformance, revision 1, until it is taken off.',
          listed: host.wanted.map(({ name, version }) => ({ name, version })),
        };
        const on = await readGuard('guard on', (nonce) => driver.guard({ nonce, request }));
        expect(on).toMatchObject({ present: 'all', id: request.id, gaps: [] });
        expect(on.files.length).toBeGreaterThan(0);
        expect(on.updaters.filter((one) => !one.paused)).toEqual([]);
        expect(await readGuard('guard again', (nonce) => driver.guard({ nonce, request }))).toEqual(on);
        expect(await readGuard('guard read', (nonce) => driver.guardState({ nonce }))).toEqual(on);
        const off = await readGuard('guard off', (nonce) => driver.unguard({ nonce }));
        expect(off).toMatchObject({ present: 'none', files: [] });
        expect(off.updaters.filter((one) => one.paused)).toEqual([]);
      },
    );

    test.runIf(mutation !== undefined)(
      'capture, stage, apply, verify, roll back: the host is as it was captured',
      async () => {
        if (mutation === undefined) return;
        const { token } = mutation;
        const nonce = host.nonce();
        const captured = await host.exec(
          'capture',
          driver.capture({ nonce, token, actions: simulation.actions }),
        );
        const capture = Capture.parse({
          ...must(driver.parseCapture(captured, { nonce })),
          runId: NOWHERE,
          hostId: NOWHERE,
          takenAt: '2026-01-01T00:00:00.000Z',
        });
        const touched = simulation.actions.filter((action) => action.from !== undefined);
        expect(capture.secured.length + capture.unsecured.length).toBe(touched.length);

        const stageNonce = host.nonce();
        const staged = await host.exec(
          'stage',
          driver.stage({ nonce: stageNonce, stages, lockTimeoutSeconds: 60 }),
        );
        expect(must(driver.parseStage(staged, { nonce: stageNonce })).downloadedBytes).toBeGreaterThan(0);

        const { actions } = simulation;
        const apply = await runJob(
          host,
          token,
          driver.applyJob({ stages, actions, lockTimeoutSeconds: 60 }).script,
        );
        expect(must(driver.judgeJob('apply', apply.code ?? -1, apply.log))).toBeUndefined();
        const percents = apply.events
          .flatMap((event) => (event.kind === 'progress' ? event.lines : []))
          .flatMap((line) => driver.progress(line)?.percent ?? []);
        expect(percents.at(-1)).toBe(100);
        const after = await verify(driver, host, 'applied');
        for (const want of host.wanted) {
          // Of a kernel the old version stays beside the new one.
          const there = after.packages.filter((one) => one.name === want.name);
          expect(there.map((one) => one.version)).toContain(want.version);
        }
        expect(driver.compare(capture, after.packages, actions).equal).toBe(false);

        const back = driver.rollbackJob({ capture, actions, lockTimeoutSeconds: 60 }).script;
        const rollback = await runJob(host, `${token}-rb`, back);
        expect(must(driver.judgeJob('rollback', rollback.code ?? -1, rollback.log))).toBeUndefined();
        const restored = await verify(driver, host, 'restored');
        expect(driver.compare(capture, restored.packages, actions)).toEqual({
          equal: true,
          versions: [],
          marks: [],
        });
        const again = await runJob(host, `${token}-rb2`, back);
        expect(again.code).toBe(0);
        const cleanNonce = host.nonce();
        const clean = driver.cleanUp({ nonce: cleanNonce, tokens: [token, `${token}-rb`, `${token}-rb2`] });
        expect((await host.exec('clean', clean)).exitCode).toBe(0);
      },
      180_000,
    );

    test.runIf(mutation !== undefined)(
      'the host’s own history tells what was done, when and by whom',
      async () => {
        const nonce = host.nonce();
        const output = await host.exec('history', driver.history({ nonce }));
        const history = must(driver.parseHistory(output, { nonce }));
        for (const want of host.wanted) {
          const one = history.find(({ changes }) =>
            changes.some((change) => change.name === want.name && change.to === want.version),
          );
          // With which words is known of what was typed; Frostline's own work through dnf's library has none.
          expect(one, want.name).toMatchObject({ by: expect.any(String) });
          expect(Date.parse(one?.at ?? '')).toBeGreaterThan(0);
        }
      },
    );
  });
}
