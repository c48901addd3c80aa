/** Runs and event logs for the tests of the run page. */
import { TRANSITIONS } from '../../../../main/core/runs/transitions.ts';
import { ResolvedParameters } from '../../../../shared/model/plan.ts';
import { FINAL_STATES, type Run, type RunEvent, type Task } from '../../../../shared/model/run.ts';

export const RUN = '11111111-1111-4111-8111-111111111111';
export const hash = `sha256:${'a'.repeat(64)}`;

export const parameters = (more: Partial<ResolvedParameters> = {}): ResolvedParameters => ({
  ...ResolvedParameters.parse({
    concurrency: 2,
    targets: 3,
    abortsAtFailure: 1,
    timeoutSeconds: 7200,
    lockTimeoutSeconds: 300,
  }),
  ...more,
});

export const task = (host: string, more: Partial<Task> = {}): Task => ({
  hostId: `00000000-0000-4000-8000-${String(host.charCodeAt(0)).padStart(12, '0')}`,
  host,
  state: 'queued',
  actions: [],
  proof: 'proven',
  from: [],
  to: [],
  attempt: 1,
  ...more,
});

export const run = (hosts: readonly string[], more: Partial<Run> = {}): Run => ({
  id: RUN,
  planId: '22222222-2222-4222-8222-222222222222',
  planHash: hash,
  snapshot: { name: 'june', revision: 3, id: hash },
  parameters: parameters({ targets: hosts.length }),
  state: 'running',
  startedAt: at(0),
  seq: 0,
  counts: { queued: hosts.length },
  tasks: hosts.map((host) => task(host)),
  ...more,
});

export const at = (second: number): string => new Date(Date.UTC(2026, 10, 23, 14, 0, second)).toISOString();

export const stateEvent = (seq: number, host: string, from: Task['state'], to: Task['state']): RunEvent => ({
  seq,
  at: at(seq),
  run: RUN,
  type: 'task.state',
  host,
  from,
  to,
});

export const output = (seq: number, host: string, line: string): RunEvent => ({
  seq,
  at: at(seq),
  run: RUN,
  type: 'task.output',
  host,
  line,
});

/** A legal log over these hosts, steered by numbers (a property's input): each picks what happens next. */
export const makeLog = (hosts: readonly string[], steering: readonly number[]): RunEvent[] => {
  const states = new Map<string, Task['state']>(hosts.map((host) => [host, 'queued']));
  const events: RunEvent[] = [
    {
      seq: 1,
      at: at(1),
      run: RUN,
      type: 'run.started',
      snapshot: 'june',
      revision: 3,
      hosts: [...hosts],
      parameters: parameters(),
    },
  ];
  for (const number of steering) {
    const seq = events.length + 1;
    const base = { seq, at: at(seq), run: RUN };
    const host = hosts[number % hosts.length] ?? '';
    const from = states.get(host) ?? 'queued';
    const kind = Math.floor(number / 7) % 8;
    const next = TRANSITIONS[from];
    if (kind < 4 && next.length > 0) {
      const to = next[Math.floor(number / 64) % next.length] ?? from;
      states.set(host, to);
      events.push({
        ...base,
        type: 'task.state',
        host,
        from,
        to,
        ...(to === 'failed' || to === 'unreachable'
          ? { error: { code: 'host.command-failed', message: `step ${seq} failed`, retryable: false } }
          : {}),
      });
    } else if (kind === 4 && !FINAL_STATES.has(from))
      events.push({
        ...base,
        type: 'task.progress',
        host,
        phase: 'unpack',
        percent: number % 101,
        package: 'curl',
      });
    else if (kind === 5) events.push({ ...base, type: 'run.aborting', reason: 'too many' });
    else if (kind === 6)
      events.push({
        ...base,
        type: 'run.finished',
        verdict: 'partial',
        hosts: Object.fromEntries(states),
        counts: {},
      });
    else if (kind === 7) events.push({ ...base, type: 'run.retrying', hosts: [host] });
    else events.push({ ...base, type: 'task.output', host, line: `line ${seq}` });
  }
  return events;
};
