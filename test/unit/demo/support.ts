/** Demo hosts under a temporary folder, and Frostline's own transport, driver and jobs on them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DemoFleet, startDemoFleet } from '../../../main/adapters/demo/fleet.ts';
import { createSshTransport } from '../../../main/adapters/ssh/transport.ts';
import { driverFor } from '../../../main/core/drivers/registry.ts';
import {
  type FollowEvent,
  FollowReader,
  followJob,
  parseStart,
  startJob,
} from '../../../main/core/jobs/job.ts';
import type { CommandOutput, CommandSpec, Transport } from '../../../main/core/ports.ts';
import type { Result } from '../../../shared/errors.ts';
import { Host } from '../../../shared/model/host.ts';
import type { Scan } from '../../../shared/model/scan.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { createMemoryStore } from '../../support/memoryStore.ts';
import { createMemoryVault } from '../../support/memoryVault.ts';
import { collectingLog } from '../../support/ports.ts';

export const NONCE = 'abcdef0123456789abcdef0123456789';

export const good = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};

const found = driverFor('apt');
if (found === undefined) throw new Error('there is no apt driver');
export const driver = found;

/** A folder whose name has what paths of users have. */
export const newFolder = (): string => mkdtempSync(join(tmpdir(), "frostline demo's "));
export const removeFolder = (dir: string): void => rmSync(dir, { recursive: true, force: true });

export type Console = {
  fleet: DemoFleet;
  /** What the fleet has logged. */
  said(): string[];
  transport: Transport;
  host(name: string): Host;
  run(
    name: string,
    spec: CommandSpec,
    onStdout?: (chunk: Uint8Array) => void,
  ): Promise<Result<CommandOutput>>;
  stop(): Promise<void>;
};

export const startConsole = async (dir: string, count: number): Promise<Console> => {
  const log = collectingLog();
  const fleet = good(await startDemoFleet({ hosts: count, dir, log }));
  const store = createMemoryStore();
  for (const { address, port, keyType, publicKey, fingerprint } of fleet.hosts)
    store.addTrustedKey({
      address,
      port,
      keyType,
      publicKey,
      fingerprint,
      addedAt: '2026-11-23T14:00:00.000Z',
    });
  const transport = createSshTransport({
    trust: store,
    vault: createMemoryVault(),
    userKnownHostsFiles: [],
    log,
  });
  const host = (name: string): Host => {
    const index = fleet.hosts.findIndex((one) => one.name === name);
    const one = fleet.hosts[index];
    if (one === undefined) throw new Error(`no demo host ${name}`);
    return Host.parse({
      id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      name,
      address: one.address,
      port: one.port,
      user: one.user,
      transport: 'ssh',
      auth: { kind: 'key', keyFile: one.keyFile },
      sudo: 'nopasswd',
      environment: one.environment,
      tags: one.tags,
      legacyAlgorithms: false,
      createdAt: '2026-11-23T14:00:00.000Z',
      updatedAt: '2026-11-23T14:00:00.000Z',
    });
  };
  return {
    fleet,
    said: () => log.lines.map((line) => line.message),
    transport,
    host,
    run: (name, spec, onStdout) =>
      transport.run({ host: host(name), via: [] }, spec, onStdout === undefined ? {} : { onStdout }),
    stop: async () => {
      transport.release();
      await fleet.stop();
    },
  };
};

export const scan = async (console: Console, name: string, refresh = false) => {
  const startedAt = Date.now();
  const output = good(await console.run(name, driver.scan({ nonce: NONCE, refresh })));
  return good(driver.parseScan(output, { nonce: NONCE, startedAt, finishedAt: Date.now() }));
};

export const entriesOf = (updates: Scan['updates'], only?: string[]): Entry[] =>
  updates
    .filter((update) => only === undefined || only.includes(update.name))
    .map((update) => ({
      ecosystem: 'apt',
      name: update.name,
      arch: update.arch,
      version: update.to,
      decision: 'approve',
      stage: 1,
      source: 'scan',
    }));

/** What a task does before its job: select, simulate, capture, stage. */
export const prepare = async (console: Console, name: string, token: string, only?: string[]) => {
  const { updates, packages } = await scan(console, name);
  const entries = entriesOf(updates, only);
  const { stages } = driver.select(entries, packages);
  const simulated = good(await console.run(name, driver.simulate({ nonce: NONCE, stages, refresh: false })));
  const simulation = good(driver.parseSimulation(simulated, { nonce: NONCE, stages, entries }));
  const { actions } = simulation;
  const captured = good(await console.run(name, driver.capture({ nonce: NONCE, token, actions })));
  const capture = good(driver.parseCapture(captured, { nonce: NONCE }));
  const staged = good(
    await console.run(name, driver.stage({ nonce: NONCE, stages, lockTimeoutSeconds: 60 })),
  );
  const { downloadedBytes } = good(driver.parseStage(staged, { nonce: NONCE }));
  return {
    updates,
    stages,
    simulation,
    actions,
    downloadedBytes,
    capture: {
      ...capture,
      runId: '00000000-0000-4000-8000-00000000000a',
      hostId: console.host(name).id,
      takenAt: '2026-11-23T14:00:00.000Z',
    },
  };
};

export const start = async (console: Console, name: string, token: string, script: string) =>
  good(parseStart(good(await console.run(name, startJob({ nonce: NONCE, token, script }))), NONCE));

/** Follows a job to its end. */
export const follow = async (console: Console, name: string, token: string) => {
  const reader = new FollowReader(NONCE);
  const events: FollowEvent[] = [];
  good(
    await console.run(name, followJob({ nonce: NONCE, token, logOffset: 0, progressOffset: 0 }), (chunk) =>
      events.push(...reader.feed(chunk)),
    ),
  );
  const end = events.at(-1);
  return {
    code: end?.kind === 'exit' ? end.code : undefined,
    end,
    log: events.flatMap((event) => (event.kind === 'log' ? [event.text] : [])).join(''),
    progress: events
      .flatMap((event) => (event.kind === 'progress' ? event.lines : []))
      .flatMap((line) => driver.progress(line) ?? []),
  };
};

export const verify = async (console: Console, name: string) =>
  good(driver.parseVerify(good(await console.run(name, driver.verify({ nonce: NONCE }))), { nonce: NONCE }));
