/** Mock plans and runs: a plan from the real snapshot and the sample's scans, and a run whose events are made step by step. */
import { resolveParameters } from '../../../main/core/runs/parameters.ts';
import { inWaves } from '../../../main/core/runs/schedule.ts';
import type { Handlers } from '../../../shared/contract/contract.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Plan } from '../../../shared/model/plan.ts';
import type { Run, RunEvent, Task, TaskState } from '../../../shared/model/run.ts';
import type { SnapshotView } from '../../../shared/model/snapshot.ts';
import { select } from './fleet.ts';
import { type Hub, type MockState, queued } from './hub.ts';
import { planHost } from './plans.ts';
import { createPlayer } from './play.ts';
import { ago, hash, id } from './sample.ts';

type Names = Extract<keyof Handlers, `plans.${string}` | `runs.${string}`>;

const UNDOABLE: TaskState[] = ['succeeded', 'failed', 'rollback-failed', 'needs-attention'];

export type RunStepper = {
  /** Makes the run's next events, about `count` of them. False: it is finished. */
  step: (runId: string, count?: number) => boolean;
};

export const runHandlers = (
  state: MockState,
  hub: Hub,
  snapshotOf: (ref: string) => Promise<Result<SnapshotView>>,
): { handlers: Pick<Handlers, Names>; stepper: RunStepper; createPlan: Handlers['plans.create'] } => {
  const listeners = new Map<string, Set<(event: RunEvent) => void>>();

  const { append, move, step, recount, abort, openWave } = createPlayer(state, hub, listeners);

  const createPlan: Handlers['plans.create'] = async ({ snapshot: ref, selectors, parameters }) => {
    const found = select(state, selectors);
    if (!found.ok) return found;
    if (found.value.length === 0) return fail('plan.empty', 'The selector matches no host.');
    const snapshot = await snapshotOf(ref);
    if (!snapshot.ok) return snapshot;
    state.next += 1;
    const planned = found.value.map((host) => planHost(state, host, snapshot.value, parameters.requireProof));
    const changing = planned.filter((host) => host.state === 'ready').length;
    const resolved = resolveParameters(parameters, planned.length, changing, Date.now());
    if (!resolved.ok) return resolved;
    const past = new Map(planned.map((host, index) => [host.hostId, [150 + 12 * index]]));
    const plan: Plan = {
      id: id(0x5000 + state.next),
      hash: hash(0x5000 + state.next),
      createdAt: ago(0),
      snapshot: { name: snapshot.value.name, revision: snapshot.value.revision, id: snapshot.value.id },
      selectors,
      parameters: resolved.value,
      hosts: inWaves(planned, resolved.value.waveSizes, past),
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
        ...(host.wave === undefined ? {} : { wave: host.wave }),
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
      ...(plan.parameters.waveSizes.length < 2
        ? {}
        : { wave: { number: 1, of: plan.parameters.waveSizes.length } }),
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
    openWave(run, 1);
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
      openWave(run, run.wave.number + 1);
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
        abort(run, reason, { kind: 'operator' });
        hub.announce({ type: 'runs', runId: run.id });
        return ok({ run });
      }),
    'runs.rollbackPreview': ({ id: runId, hosts, wave }) =>
      withRun(runId, (run) =>
        ok({
          hosts: run.tasks
            .filter(
              (task) =>
                UNDOABLE.includes(task.state) &&
                (hosts === undefined || hosts.includes(task.host)) &&
                (wave === undefined || task.wave === wave),
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
      withRun(runId, (run) => again(run, chosen(run, hosts, UNDOABLE), 'rolling-back')),
    'runs.retry': ({ id: runId, hosts }) =>
      withRun(runId, (run) =>
        again(
          run,
          chosen(run, hosts, [
            'failed',
            'unreachable',
            'refused',
            'terminated',
            'rolled-back',
            'needs-attention',
          ]),
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
