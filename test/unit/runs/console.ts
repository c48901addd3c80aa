/** A whole console over a simulated fleet: store, services, virtual time; it can be killed and started again. */

import type { LocalProbe, Ports, Store } from '../../../main/core/ports.ts';
import { createPlanService } from '../../../main/core/runs/plan.ts';
import { createRunService, type RunService } from '../../../main/core/runs/service.ts';
import type { EngineDeps } from '../../../main/core/runs/tools.ts';
import { revisionId } from '../../../main/core/snapshots/canonical.ts';
import type { Caller } from '../../../shared/contract/contract.ts';
import type { Result } from '../../../shared/errors.ts';
import { type Refusal, RunParameters } from '../../../shared/model/plan.ts';
import type { Run, RunEvent } from '../../../shared/model/run.ts';
import type { Revision } from '../../../shared/model/snapshot.ts';
import { fakeClock, fakePorts, nodeHasher } from '../../support/ports.ts';
import { createSimulatedFleet, type SimulatedFleet } from '../../support/simulatedFleet.ts';
import type { SimulatedHost } from '../../support/simulatedHost.ts';

export const caller = (): Caller => ({ signal: new AbortController().signal, actor: 'test' });

export const value = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};

export type EntrySpec = { name: string; version: string; stage?: number };

const LINE = '77777777-0000-4000-8000-000000000000';

export const revisionOf = (entries: EntrySpec[], number = 1): Revision => {
  const content: Revision['content'] = {
    format: 'frostline.revision/1',
    line: { id: LINE, name: 'november' },
    number,
    parents: [],
    author: { name: 'anna' },
    createdAt: '2026-11-23T12:00:00.000Z',
    scope: {},
    rules: [],
    entries: entries.map(({ name, version, stage }) => ({
      ecosystem: 'apt',
      name,
      version,
      decision: 'approve',
      stage: stage ?? 0,
      source: 'scan',
    })),
    exceptions: [],
  };
  return { id: revisionId(content, nodeHasher), content };
};

const vault: Ports['vault'] = {
  kind: 'passphrase',
  state: () => 'unlocked',
  unlock: async () => ({ ok: true, value: undefined }),
  lock: () => undefined,
  get: async () => ({ ok: true, value: undefined }),
  put: async () => ({ ok: true, value: undefined }),
  remove: async () => ({ ok: true, value: undefined }),
};

const never = (): Promise<never> => new Promise(() => undefined);

/** Where a console dies, counted in commits: right after the nth, or right before it. */
export type Death = { commit: number; when: 'before' | 'after' };

/** The same ports as a process has them that dies: from that moment on nothing it does has an effect. */
const mortal = (ports: Ports, death: Death): { ports: Ports; dead: () => boolean } => {
  let commits = 0;
  let dead = false;
  const committing =
    <A>(method: (argument: A) => void) =>
    (argument: A): void => {
      if (dead) return;
      commits += 1;
      if (commits === death.commit && death.when === 'before') dead = true;
      if (dead) return;
      method(argument);
      if (commits === death.commit) dead = true;
    };
  const store: Store = {
    ...ports.store,
    createRun: committing(ports.store.createRun),
    commitRun: committing(ports.store.commitRun),
  };
  return {
    dead: () => dead,
    ports: {
      ...ports,
      store,
      clock: {
        now: ports.clock.now,
        wait: (ms, signal) =>
          dead ? never() : ports.clock.wait(ms, signal).then((w) => (dead ? never() : w)),
      },
      transport: {
        ...ports.transport,
        run: (route, spec, options = {}) => {
          if (dead) return never();
          const { onStdout } = options;
          return ports.transport
            .run(route, spec, {
              ...options,
              ...(onStdout !== undefined && {
                onStdout: (chunk) => {
                  if (!dead) onStdout(chunk);
                },
              }),
            })
            .then((result) => (dead ? never() : result));
        },
      },
    },
  };
};

export class TestConsole {
  readonly clock = fakeClock();
  readonly fleet: SimulatedFleet;
  readonly ports: Ports;
  runs: RunService;
  /** In the place of `refusals`: a real judge. */
  judge?: EngineDeps['judge'];
  refusals: (host: string, at: number) => Refusal[] = () => [];
  entries: EntrySpec[] = [];
  /** What runs of `abortIf` are told. */
  probe: LocalProbe = { run: async () => ({ result: 'clear', detail: '' }) };
  dead: () => boolean = () => false;
  /** Runs that came to rest, in order. */
  rested: Run[] = [];

  constructor() {
    this.fleet = createSimulatedFleet(this.clock);
    this.ports = fakePorts({
      vault,
      transport: this.fleet.transport,
      clock: this.clock,
      probe: { run: (command, o) => this.probe.run(command, o) },
    });
    this.runs = createRunService(this.ports, this.deps());
  }

  deps(): EngineDeps {
    return {
      tools: this.fleet.tools,
      judge: (host, revision, actions, at) =>
        this.judge?.(host, revision, actions, at) ?? this.refusals(host.name, at),
      onRest: (run) => this.rested.push(run),
      scanHost: async () => {
        throw new Error('every host of these tests has a scan');
      },
    };
  }

  /** Hosts h1, h2, … with three packages, and a snapshot that changes two of them in two stages. */
  fleetOf(count: number): void {
    for (let n = 1; n <= count; n += 1) this.add(`h${n}`, { curl: '1', nginx: '1', tzdata: '5' });
    this.snapshot([
      { name: 'curl', version: '2' },
      { name: 'nginx', version: '3', stage: 1 },
    ]);
  }

  versions(host: string): Record<string, string> {
    return Object.fromEntries(
      [...this.fleet.host(host).packages].map(([name, { version }]) => [name, version]),
    );
  }

  add(name: string, packages: Record<string, string>): SimulatedHost {
    const added = this.fleet.add(name, packages);
    this.ports.store.putHost(added.host);
    const at = '2026-11-23T12:00:00.000Z';
    this.ports.store.putScan({
      id: this.ports.random.id(),
      hostId: added.host.id,
      host: name,
      startedAt: at,
      finishedAt: at,
      state: 'ok',
      unseen: [],
      facts: {
        hostname: name,
        os: 'debian',
        osName: 'Debian',
        release: '12',
        arch: 'amd64',
        kernel: '6.1',
        bootId: 'boot',
        clockSkewSeconds: 0,
        manager: 'apt',
        mounts: [],
        lock: { held: false },
        broken: [],
        rebootRequired: false,
        rebootReasons: [],
        failedUnits: [],
        autoUpdaters: [],
        privilege: 'root',
      },
      packages: [],
      updates: [],
      removals: [],
    });
    return added;
  }

  snapshot(entries: EntrySpec[], number = 1): void {
    const revision = revisionOf(entries, number);
    this.ports.store.putRevisions(
      [revision],
      { lineId: LINE, name: 'november', revisionId: revision.id },
      [],
    );
  }

  async plan(parameters: Partial<RunParameters> = {}, selectors = ['all'], snapshot = 'november') {
    const plans = createPlanService(this.ports, this.deps());
    const made = plans.create({ snapshot, selectors, parameters: RunParameters.parse(parameters) }, caller());
    return value(await made).plan;
  }

  /** Plans and starts; the run's id. */
  async start(parameters: Partial<RunParameters> = {}, selectors = ['all']): Promise<string> {
    const plan = await this.plan(parameters, selectors);
    return value(await this.runs.start({ planId: plan.id, hash: plan.hash })).run.id;
  }

  run(id: string): Run {
    const stored = this.ports.store.run(id);
    if (stored === undefined) throw new Error('no such run');
    return stored.run;
  }

  states(id: string): Record<string, string> {
    return Object.fromEntries(this.run(id).tasks.map((task) => [task.host, task.state]));
  }

  events(id: string): RunEvent[] {
    return this.ports.store.events(id, 0, 100_000);
  }

  /** Lets virtual time go on until `what` holds. */
  async until(what: () => boolean, limitSeconds = 20_000): Promise<void> {
    await this.clock.advance(0);
    for (let seconds = 0; !what(); seconds += 0.25) {
      if (seconds > limitSeconds) throw new Error('it never came about');
      await this.clock.advance(250);
    }
  }

  async finish(id: string): Promise<Run> {
    await this.until(() => this.run(id).state === 'finished');
    return this.run(id);
  }

  /** From here on the console is one that will die. */
  doom(death: Death): void {
    const { ports, dead } = mortal(this.ports, death);
    this.dead = dead;
    this.runs = createRunService(ports, this.deps());
  }

  /** A new process over the same store. */
  async restart(): Promise<void> {
    this.dead = () => false;
    this.runs = createRunService(this.ports, this.deps());
    await this.runs.resume();
  }
}
