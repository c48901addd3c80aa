/** Runs, plans and snapshots small enough to read, for the store's tests and the processes they start. */
import type { RunCommit } from '../../../main/core/ports.ts';
import { revisionId } from '../../../main/core/snapshots/canonical.ts';
import type { Host } from '../../../shared/model/host.ts';
import { type Plan, ResolvedParameters } from '../../../shared/model/plan.ts';
import type { Run, RunEvent, Task } from '../../../shared/model/run.ts';
import type { Revision, RevisionContent } from '../../../shared/model/snapshot.ts';
import { nodeHasher } from '../../support/ports.ts';
import { uuid } from '../fleet/make.ts';

export const AT = '2026-11-23T14:00:00.000Z';
export const hash = (digit: string): string => `sha256:${digit.repeat(64)}`;

export const makeRevision = (
  lineId: string,
  number: number,
  parents: string[],
  change: Partial<RevisionContent> = {},
): Revision => {
  const content: RevisionContent = {
    format: 'frostline.revision/1',
    line: { id: lineId, name: 'november' },
    number,
    parents,
    author: { name: 'anna' },
    createdAt: `2026-11-23T14:00:${String(number).padStart(2, '0')}.000Z`,
    scope: {},
    rules: [],
    entries: [
      {
        ecosystem: 'apt',
        name: 'openssl',
        version: `3.0.${number}-1`,
        decision: 'approve',
        stage: 0,
        source: 'scan',
      },
    ],
    exceptions: [],
    ...change,
  };
  return { id: revisionId(content, nodeHasher), content };
};

const parameters = ResolvedParameters.parse({
  concurrency: 2,
  targets: 2,
  abortsAtFailure: 1,
  timeoutSeconds: 7200,
  lockTimeoutSeconds: 300,
});

const snapshot = { name: 'november', revision: 1, id: hash('a') };

export const makePlan = (id: string, hosts: Host[]): Plan => ({
  id,
  hash: hash('b'),
  createdAt: AT,
  snapshot,
  selectors: ['all'],
  parameters,
  hosts: hosts.map((host) => ({
    hostId: host.id,
    host: host.name,
    state: 'compliant',
    actions: [],
    skipped: [],
    proof: 'proven',
    reasons: [],
    refusals: [],
    bytes: { download: 0, disk: 0, available: 1, short: [] },
    reboot: false,
  })),
});

const makeTask = (host: Host): Task => ({
  hostId: host.id,
  host: host.name,
  state: 'queued',
  actions: [
    {
      action: 'upgrade',
      name: 'openssl',
      arch: 'amd64',
      from: '1',
      to: '2',
      stage: 0,
      dependency: false,
    },
  ],
  proof: 'proven',
  from: [{ name: 'openssl', arch: 'amd64', version: '1' }],
  to: [],
  attempt: 1,
});

export const makeRun = (id: string, hosts: Host[], change: Partial<Run> = {}): Run => ({
  id,
  planId: uuid(9000),
  planHash: hash('b'),
  snapshot,
  parameters,
  state: 'running',
  startedAt: AT,
  seq: 0,
  counts: { queued: hosts.length },
  tasks: hosts.map(makeTask),
  ...change,
});

export const outputEvent = (run: string, seq: number, host: string, line = `line ${seq}`): RunEvent => ({
  seq,
  at: AT,
  run,
  type: 'task.output',
  host,
  line,
});

export const commitOf = (run: Run, change: Partial<RunCommit> = {}): RunCommit => ({
  run,
  state: { model: run.seq },
  events: [],
  addEffects: [],
  doneEffects: [],
  ...change,
});
