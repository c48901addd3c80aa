/** Mock plans and runs: a plan from the real snapshot and the sample's scans, and a run whose events are made step by step. */
import type { Handlers } from '../../../shared/contract/contract.ts';
import { fail, frostError, ok, type Result } from '../../../shared/errors.ts';
import { type Plan, ResolvedParameters } from '../../../shared/model/plan.ts';
import {
  FINAL_STATES,
  type Run,
  type RunEvent,
  type Task,
  type TaskState,
} from '../../../shared/model/run.ts';
import type { SnapshotView } from '../../../shared/model/snapshot.ts';
import { select } from './fleet.ts';
import { type Hub, type MockState, queued } from './hub.ts';
import { ago, hash, id } from './sample.ts';

type Names = Extract<keyof Handlers, `plans.${string}` | `runs.${string}`>;
type WithoutBase<T> = T extends unknown ? Omit<T, 'seq' | 'at' | 'run'> : never;

import { amount, planHost, seconds } from './plans.ts';

export type RunStepper = {
  /** Makes the run's next events, about `count` of them. False: it is finished. */
  step: (runId: string, count?: number) => boolean;
};

const PATH: TaskState[] = [
  'connecting',
  'checking',
  'simulating',
  'capturing',
  'staging',
  'applying',
  'verifying',
];

export const runHandlers = (
  state: MockState,
  hub: Hub,
  snapshotOf: (ref: string) => Promise<Result<SnapshotView>>,
): { handlers: Pick<Handlers, Names>; stepper: RunStepper; createPlan: Handlers['plans.create'] } => {
  const listeners = new Map<string, Set<(event: RunEvent) => void>>();

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
    if (FINAL_STATES.has(to)) {
      task.finishedAt = ago(0);
      for (const key of ['phase', 'package', 'percent', 'waitingFor'] as const) delete task[key];
    }
    recount(run);
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

  const progress = (run: Run, task: Task) => {
    const percent = Math.min(100, (task.percent ?? 0) + 17);
    const current =
      task.actions[Math.min(task.actions.length - 1, Math.floor((percent / 101) * task.actions.length))];
    if (percent < 20) {
      append(run, { type: 'task.output', host: task.host, line: 'Reading package lists...' });
      append(run, { type: 'task.output', host: task.host, line: 'Building dependency tree...' });
    }
    if (current !== undefined)
      append(run, {
        type: 'task.output',
        host: task.host,
        line: `Setting up ${current.name} (${current.to ?? ''}) ...`,
      });
    task.phase = 'configuring';
    task.percent = percent;
    if (current !== undefined) task.package = current.name;
    append(run, {
      type: 'task.progress',
      host: task.host,
      phase: 'configuring',
      percent,
      ...(current === undefined ? {} : { package: current.name }),
    });
  };

  const advance = (run: Run, task: Task) => {
    if (task.state === 'queued') {
      task.startedAt = ago(0);
      move(run, task, 'connecting');
    } else if (task.state === 'rolling-back')
      move(run, task, 'rolled-back', { difference: { equal: true, versions: [], marks: [] } });
    else if (task.state === 'applying' && (task.percent ?? 0) < 100) {
      if (task.host === 'web-08' && (task.percent ?? 0) > 50)
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
      else progress(run, task);
    } else if (task.state === 'checking' && task.host === 'db-02' && task.waitingFor === undefined) {
      task.waitingFor = 'lock held by pid 812 (apt-get upgrade)';
      append(run, {
        type: 'task.progress',
        host: task.host,
        phase: 'waiting',
        percent: 0,
        waitingFor: task.waitingFor,
      });
    } else {
      const next = PATH[PATH.indexOf(task.state) + 1];
      delete task.waitingFor;
      if (next === undefined)
        move(run, task, 'succeeded', {
          to: task.actions.flatMap((a) =>
            a.to === undefined ? [] : [{ name: a.name, arch: a.arch, version: a.to }],
          ),
        });
      else move(run, task, next);
    }
  };

  const step = (runId: string, count = 1): boolean => {
    const run = state.runs.find((each) => each.id === runId);
    if (run === undefined || run.state === 'finished') return false;
    for (let n = 0; n < count; n += 1) {
      const active = run.tasks.filter((task) => !FINAL_STATES.has(task.state) && task.state !== 'queued');
      const waiting = run.tasks.filter((task) => task.state === 'queued');
      if (active.length === 0 && waiting.length === 0) {
        finish(run);
        break;
      }
      const [next] = waiting;
      if (next !== undefined && run.state === 'running' && active.length < run.parameters.concurrency)
        advance(run, next);
      else {
        const task = active[(run.seq + n) % Math.max(1, active.length)];
        if (task !== undefined) advance(run, task);
      }
    }
    hub.announce({ type: 'runs', runId });
    return state.runs.some((each) => each.id === runId && each.state !== 'finished');
  };

  const createPlan: Handlers['plans.create'] = async ({ snapshot: ref, selectors, parameters }) => {
    const found = select(state, selectors);
    if (!found.ok) return found;
    if (found.value.length === 0) return fail('plan.empty', 'The selector matches no host.');
    const snapshot = await snapshotOf(ref);
    if (!snapshot.ok) return snapshot;
    state.next += 1;
    const targets = found.value.length;
    const limit = parameters.maxFailures;
    const plan: Plan = {
      id: id(0x5000 + state.next),
      hash: hash(0x5000 + state.next),
      createdAt: ago(0),
      snapshot: { name: snapshot.value.name, revision: snapshot.value.revision, id: snapshot.value.id },
      selectors,
      parameters: ResolvedParameters.parse({
        ...parameters,
        targets,
        concurrency: Math.max(1, amount(parameters.concurrency, targets)),
        abortsAtFailure: amount(limit, targets) + 1 > targets ? null : amount(limit, targets) + 1,
        timeoutSeconds: seconds(parameters.timeout),
        lockTimeoutSeconds: seconds(parameters.lockTimeout),
      }),
      hosts: found.value.map((host) => planHost(state, host, snapshot.value)),
    };
    state.plans.set(plan.id, plan);
    return ok({ plan });
  };

  const startRun = (plan: Plan): Run => {
    state.next += 1;
    const tasks = plan.hosts.map(
      (host): Task => ({
        hostId: host.hostId,
        host: host.host,
        state: host.state === 'ready' ? 'queued' : host.state === 'failed' ? 'failed' : host.state,
        actions: host.actions,
        proof: host.proof,
        from: host.actions.flatMap((a) =>
          a.from === undefined ? [] : [{ name: a.name, arch: a.arch, version: a.from }],
        ),
        to: [],
        attempt: 1,
        ...(host.error === undefined ? {} : { error: host.error }),
      }),
    );
    const run: Run = {
      id: id(0x7000 + state.next),
      planId: plan.id,
      planHash: plan.hash,
      snapshot: plan.snapshot,
      parameters: plan.parameters,
      state: 'running',
      startedAt: ago(0),
      seq: 0,
      counts: {},
      tasks,
    };
    recount(run);
    state.runs.unshift(run);
    append(run, {
      type: 'run.started',
      snapshot: plan.snapshot.name,
      revision: plan.snapshot.revision,
      hosts: tasks.map((task) => task.host),
      parameters: plan.parameters,
    });
    hub.announce({ type: 'runs', runId: run.id });
    hub.announce({ type: 'hosts' });
    return run;
  };

  const withRun = <T>(runId: string, use: (run: Run) => T | Result<never>): T | Result<never> => {
    const run = state.runs.find((each) => each.id === runId || each.id.startsWith(runId));
    return run === undefined ? fail('not-found', 'There is no such run.') : use(run);
  };
  const chosen = (run: Run, hosts: string[] | undefined, states: TaskState[]) =>
    run.tasks.filter(
      (task) => states.includes(task.state) && (hosts === undefined || hosts.includes(task.host)),
    );
  const again = (run: Run, tasks: Task[], to: TaskState) => {
    run.state = to === 'queued' ? 'running' : 'rolling-back';
    delete run.verdict;
    delete run.finishedAt;
    append(run, {
      type: to === 'queued' ? 'run.retrying' : 'run.rolling-back',
      hosts: tasks.map((task) => task.host),
    });
    for (const task of tasks) {
      delete task.error;
      delete task.finishedAt;
      delete task.percent;
      if (to === 'queued') task.attempt += 1;
      move(run, task, to);
    }
    hub.announce({ type: 'runs', runId: run.id });
    return ok({ run });
  };

  const handlers: Pick<Handlers, Names> = {
    'plans.create': createPlan,
    'plans.show': ({ id: planId }) => {
      const plan = state.plans.get(planId);
      return plan === undefined ? fail('not-found', 'There is no such plan.') : ok({ plan });
    },
    'plans.list': ({ limit }) =>
      ok({
        plans: [...state.plans.values()]
          .reverse()
          .slice(0, limit)
          .map(({ hosts, ...rest }) => ({ ...rest, hostCount: hosts.length })),
      }),
    'runs.approve': ({ id: runId }) => {
      const run = state.runs.find((each) => each.id === runId);
      if (run?.wave?.waiting === undefined) return fail('state.conflict', 'No wave waits.');
      const { waiting: _, ...wave } = run.wave;
      run.wave = { ...wave, number: wave.number + 1 };
      hub.announce({ type: 'runs', runId });
      return ok({ run });
    },
    'runs.start': ({ planId, hash: shown }) => {
      const plan = state.plans.get(planId);
      if (plan === undefined) return fail('not-found', 'There is no such plan.');
      if (plan.hash !== shown) return fail('plan.drifted', 'The plan is not the one that was shown.');
      return ok({ run: startRun(plan) });
    },
    'runs.list': ({ limit }) =>
      ok({ runs: state.runs.slice(0, limit).map(({ tasks: _tasks, ...summary }) => summary) }),
    'runs.show': ({ id: runId }) => withRun(runId, (run) => ok({ run: structuredClone(run) })),
    'runs.events': async function* ({ id: runId, since, follow }, caller) {
      let cursor = since;
      const past = () => (state.events.get(runId) ?? []).filter((event) => event.seq > cursor);
      for (const event of past()) {
        cursor = event.seq;
        yield event;
      }
      const run = state.runs.find((each) => each.id === runId);
      if (run === undefined || (run.state === 'finished' && !follow)) return;
      const live = queued<RunEvent>(caller.signal, (push) => {
        const set = listeners.get(runId) ?? new Set();
        listeners.set(runId, set.add(push));
        for (const event of past()) push(event);
        return () => void set.delete(push);
      });
      for await (const event of live) {
        if (event.seq <= cursor) continue;
        cursor = event.seq;
        yield event;
        if (event.type === 'run.finished' && !follow) return;
      }
    },
    'runs.output': ({ id: runId, host, limit }) =>
      ok({
        lines: (state.events.get(runId) ?? [])
          .flatMap((event) => (event.type === 'task.output' && event.host === host ? [event.line] : []))
          .slice(-limit),
      }),
    'runs.abort': ({ id: runId, reason }) =>
      withRun(runId, (run) => {
        if (run.state !== 'running') return fail('state.conflict', 'The run is not running.');
        run.state = 'aborting';
        run.abortReason = reason;
        append(run, { type: 'run.aborting', reason });
        for (const task of run.tasks) if (task.state === 'queued') move(run, task, 'terminated');
        hub.announce({ type: 'runs', runId: run.id });
        return ok({ run });
      }),
    'runs.rollbackPreview': ({ id: runId, hosts }) =>
      withRun(runId, (run) =>
        ok({
          hosts: run.tasks
            .filter(
              (task) => task.state === 'succeeded' && (hosts === undefined || hosts.includes(task.host)),
            )
            .map((task) => ({
              host: task.host,
              possible: task.proof !== 'impossible',
              ...(task.proof === 'impossible'
                ? { reason: 'tzdata 2024a-0+deb12u1 could not be put aside' }
                : {}),
              restores: task.actions.map((action) => ({
                name: action.name,
                arch: action.arch,
                from: action.to ?? null,
                to: action.from ?? null,
              })),
            })),
        }),
      ),
    'runs.rollback': ({ id: runId, hosts }) =>
      withRun(runId, (run) =>
        again(run, chosen(run, hosts, ['succeeded', 'failed', 'rollback-failed']), 'rolling-back'),
      ),
    'runs.retry': ({ id: runId, hosts }) =>
      withRun(runId, (run) =>
        again(
          run,
          chosen(run, hosts, ['failed', 'unreachable', 'refused', 'terminated', 'rolled-back']),
          'queued',
        ),
      ),
    'runs.check': () =>
      ok({ runs: state.runs.map((run) => ({ id: run.id, agrees: true, differences: [] })) }),
    'runs.accept': ({ id: runId }) =>
      withRun(runId, (run) => {
        if (run.state !== 'finished') return fail('state.conflict', 'The run is not finished.');
        run.acceptedAt = ago(0);
        append(run, { type: 'run.accepted' });
        hub.announce({ type: 'runs', runId: run.id });
        const changed = run.tasks.filter((task) => task.state === 'succeeded').map((task) => task.host);
        return ok({ run, cleaned: changed, notCleaned: [] });
      }),
    'runs.difference': ({ id: runId, host }) =>
      withRun(runId, (run) =>
        ok({ difference: run.tasks.find((task) => task.host === host)?.difference ?? null }),
      ),
  };
  return { handlers, stepper: { step }, createPlan };
};
