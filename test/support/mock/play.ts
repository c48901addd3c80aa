/** How a mock run goes on: its events made step by step, close enough to the engine's that every state can be looked at. */
import { frostError } from '../../../shared/errors.ts';
import {
  type AbortCause,
  FINAL_STATES,
  type Run,
  type RunEvent,
  type Task,
  type TaskState,
} from '../../../shared/model/run.ts';
import type { Hub, MockState } from './hub.ts';
import { ago } from './sample.ts';

// An event without what every one has, kind by kind (Omit alone would merge the kinds).
type WithoutBase<T> = T extends unknown ? Omit<T, 'seq' | 'at' | 'run'> : never;

const PATH: TaskState[] = [
  'connecting',
  'checking',
  'simulating',
  'capturing',
  'staging',
  'applying',
  'verifying',
];

/** Hosts that play a part, wherever the sample has them. */
const FAILS = 'web-08';
const LOCKED = 'db-02';
const NOT_BACK = 'app-01';
const CANNOT_GO_BACK = 'db-02';

export const createPlayer = (
  state: MockState,
  hub: Hub,
  listeners: Map<string, Set<(event: RunEvent) => void>>,
) => {
  const append = (run: Run, event: WithoutBase<RunEvent>) => {
    run.seq += 1;
    const full = { ...event, seq: run.seq, at: ago(0), run: run.id } as RunEvent;
    state.events.set(run.id, [...(state.events.get(run.id) ?? []), full]);
    for (const listener of listeners.get(run.id) ?? []) listener(full);
  };
  const recount = (run: Run) => {
    run.counts = {};
    for (const task of run.tasks) run.counts[task.state] = (run.counts[task.state] ?? 0) + 1;
  };
  const move = (run: Run, task: Task, to: TaskState, more: Partial<Task> = {}) => {
    append(run, {
      type: 'task.state',
      host: task.host,
      from: task.state,
      to,
      ...(more.error === undefined ? {} : { error: more.error }),
      ...(more.difference === undefined ? {} : { difference: more.difference }),
    });
    Object.assign(task, more, { state: to });
    for (const key of ['phase', 'package', 'percent', 'waitingFor'] as const) delete task[key];
    if (FINAL_STATES.has(to)) task.finishedAt = ago(0);
    recount(run);
  };
  const waits = (run: Run, task: Task, waitingFor: string) => {
    Object.assign(task, { phase: task.state, percent: 100, waitingFor });
    append(run, { type: 'task.progress', host: task.host, phase: task.state, percent: 100, waitingFor });
  };

  const finish = (run: Run) => {
    const states = run.tasks.map((task) => task.state);
    const good = states.filter((each) => each === 'succeeded' || each === 'compliant').length;
    run.state = 'finished';
    run.finishedAt = ago(0);
    run.verdict =
      run.abortReason !== undefined
        ? 'aborted'
        : good === states.length
          ? 'success'
          : states.every((each) => each === 'rolled-back' || each === 'compliant')
            ? 'rolled-back'
            : good > 0
              ? 'partial'
              : 'failed';
    append(run, {
      type: 'run.finished',
      verdict: run.verdict,
      hosts: Object.fromEntries(run.tasks.map((task) => [task.host, task.state])),
      counts: run.counts,
    });
  };

  const abort = (run: Run, reason: string, cause: AbortCause) => {
    run.state = 'aborting';
    run.abortReason = reason;
    run.abortCause = cause;
    delete run.wave?.waiting;
    append(run, { type: 'run.aborting', reason, cause });
    for (const task of run.tasks) if (task.state === 'queued') move(run, task, 'terminated');
  };
  const judge = (run: Run) => {
    const { abortsAtFailure, ignoreUnreachable } = run.parameters;
    const failed = run.tasks.filter(
      (task) =>
        task.error !== undefined &&
        task.state !== 'refused' &&
        (task.state !== 'unreachable' || !ignoreUnreachable),
    );
    if (run.state !== 'running' || abortsAtFailure === null || failed.length < abortsAtFailure) return;
    abort(run, `${failed.length} of ${run.tasks.length} hosts failed; the run aborts at ${abortsAtFailure}`, {
      kind: 'threshold',
      failed: failed.map((task) => task.host),
      of: run.tasks.length,
      limit: abortsAtFailure,
      share: false,
    });
  };

  const waveOf = (run: Run, task: Task) => task.wave ?? run.wave?.of ?? 1;
  const openWave = (run: Run, number: number) => {
    if (run.wave === undefined) return;
    run.wave = { number, of: run.wave.of };
    const hosts = run.tasks.filter((task) => waveOf(run, task) === number).map((task) => task.host);
    append(run, { type: 'wave.started', wave: number, of: run.wave.of, hosts });
  };
  const nextWave = (run: Run) => {
    const { wave } = run;
    if (wave === undefined || run.state !== 'running' || wave.number >= wave.of) return;
    if (wave.waiting !== undefined) {
      const { until } = wave.waiting;
      if (until !== undefined && Date.parse(until) <= Date.now()) openWave(run, wave.number + 1);
      return;
    }
    if (run.tasks.some((task) => waveOf(run, task) <= wave.number && !FINAL_STATES.has(task.state))) return;
    const gate = run.parameters.resolvedGate;
    if (gate.kind === 'auto') return openWave(run, wave.number + 1);
    const until =
      gate.kind === 'soak' ? { until: new Date(Date.now() + gate.seconds * 1000).toISOString() } : {};
    run.wave = { ...wave, waiting: { gate: gate.kind, ...until } };
    append(run, { type: 'wave.waiting', wave: wave.number + 1, of: wave.of, gate: gate.kind, ...until });
  };

  const progress = (run: Run, task: Task) => {
    const percent = Math.min(100, (task.percent ?? 0) + 17);
    const current =
      task.actions[Math.min(task.actions.length - 1, Math.floor((percent / 101) * task.actions.length))];
    const say = (line: string) => append(run, { type: 'task.output', host: task.host, line });
    if (percent < 20) {
      say('Reading package lists...');
      say('Building dependency tree...');
    }
    if (current !== undefined) say(`Setting up ${current.name} (${current.to ?? ''}) ...`);
    Object.assign(task, {
      phase: 'configuring',
      percent,
      ...(current === undefined ? {} : { package: current.name }),
    });
    append(run, {
      type: 'task.progress',
      host: task.host,
      phase: 'configuring',
      percent,
      ...(current === undefined ? {} : { package: current.name }),
    });
  };

  const undo = (run: Run, task: Task) => {
    const [first] = task.from;
    if (task.host !== CANNOT_GO_BACK || first === undefined) {
      move(run, task, 'rolled-back', { difference: { equal: true, versions: [], marks: [] } });
      return;
    }
    const now = task.to.find((each) => each.name === first.name)?.version ?? null;
    move(run, task, 'rollback-failed', {
      error: frostError('host.not-restored', `${first.name} ${first.version} could not be installed again.`),
      difference: {
        equal: false,
        versions: [{ name: first.name, arch: first.arch, captured: first.version, now }],
        marks: [{ name: first.name, arch: first.arch, field: 'auto', captured: 'auto', now: 'manual' }],
      },
    });
    const left = run.tasks.filter((each) => each.state === 'rolling-back');
    for (const each of left) move(run, each, 'succeeded');
    append(run, { type: 'run.rollback-stopped', host: task.host, left: left.map((each) => each.host) });
  };

  const ends = (run: Run, task: Task) =>
    move(run, task, 'succeeded', {
      to: task.actions.flatMap((a) =>
        a.to === undefined ? [] : [{ name: a.name, arch: a.arch, version: a.to }],
      ),
    });
  const restartWanted = (run: Run, task: Task) =>
    task.rebooted !== true &&
    (run.parameters.reboot === 'always' ||
      (run.parameters.reboot === 'if-required' &&
        state.plans.get(run.planId)?.hosts.find((host) => host.host === task.host)?.reboot === true));

  const advance = (run: Run, task: Task) => {
    if (task.state === 'queued') {
      task.startedAt = ago(0);
      move(run, task, 'connecting');
    } else if (task.state === 'rolling-back') undo(run, task);
    else if (task.state === 'rebooting') {
      if (task.waitingFor === undefined)
        waits(run, task, 'the host to come back from its restart (asked at 14:02:11 UTC, 3 tries)');
      else if (task.host === NOT_BACK)
        move(run, task, 'needs-attention', {
          error: frostError(
            'host.reboot-failed',
            'The host did not come back from its restart within 900 s. It last answered at 14:02:11 UTC: connection refused',
            {
              host: task.host,
              hint: 'Look at its console. Its packages were in place before the restart; retry it when it answers.',
            },
          ),
        });
      else move(run, task, 'verifying', { rebooted: true });
    } else if (task.state === 'verifying' && restartWanted(run, task)) move(run, task, 'rebooting');
    else if (task.state === 'verifying') ends(run, task);
    else if (task.state === 'applying' && task.host === FAILS && (task.percent ?? 0) > 50)
      move(run, task, 'rolling-back', {
        error: frostError(
          'host.not-applied',
          'nginx could not be configured: its post-installation script failed with exit code 1.',
          {
            host: task.host,
            packages: ['nginx'],
            hint: 'See the output of this host. It is being rolled back.',
          },
        ),
      });
    else if (task.state === 'applying' && (task.percent ?? 0) < 100) progress(run, task);
    else if (task.state === 'checking' && task.host === LOCKED && task.waitingFor === undefined)
      waits(run, task, 'lock held by pid 812 (apt-get upgrade)');
    else move(run, task, PATH[PATH.indexOf(task.state) + 1] ?? 'succeeded');
  };

  const atOnce = (run: Run) => {
    const well = run.tasks.filter((task) => ['succeeded', 'compliant'].includes(task.state)).length;
    const { slowStart, concurrency } = run.parameters;
    return slowStart ? Math.min(concurrency, 2 ** Math.floor(Math.log2(well + 1))) : concurrency;
  };

  /** Makes the run's next events, about `count` of them. False: it is finished. */
  const step = (runId: string, count = 1): boolean => {
    const run = state.runs.find((each) => each.id === runId);
    if (run === undefined || run.state === 'finished') return false;
    for (let n = 0; n < count; n += 1) {
      judge(run);
      nextWave(run);
      const active = run.tasks.filter((task) => !FINAL_STATES.has(task.state) && task.state !== 'queued');
      const waiting = run.tasks.filter((task) => task.state === 'queued');
      if (active.length === 0 && waiting.length === 0) {
        finish(run);
        break;
      }
      const next = waiting.find((task) => waveOf(run, task) <= (run.wave?.number ?? 1));
      if (next !== undefined && run.state === 'running' && active.length < atOnce(run)) advance(run, next);
      else {
        const task = active[(run.seq + n) % Math.max(1, active.length)];
        if (task !== undefined) advance(run, task);
      }
    }
    hub.announce({ type: 'runs', runId });
    return state.runs.some((each) => each.id === runId && each.state !== 'finished');
  };

  return { append, move, recount, abort, openWave, step };
};
