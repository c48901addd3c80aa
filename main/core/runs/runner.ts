/**
 * Carries runs out. Every transition is committed with its events and the effects it asks for in one store transaction;
 * effects are performed only after that, and their results come back as inputs. A process that is killed at any instruction
 * finds in the store what it still owed, and goes on from there.
 */
import { FrostFault, fail, ok, type Result } from '../../../shared/errors.ts';
import type { HostPlan, Plan } from '../../../shared/model/plan.ts';
import type { Capture, Run, Task } from '../../../shared/model/run.ts';
import type { Revision } from '../../../shared/model/snapshot.ts';
import type { Ports, StoredRun } from '../ports.ts';
import { commitOf, reduceAll } from './commit.ts';
import type { Request, StepContext } from './contact.ts';
import { type Effect, EffectKind, type Input, type Reduction, RunModel, type TaskModel } from './model.ts';
import { askToStop } from './mutate.ts';
import { performStep } from './perform.ts';
import { initialRun, projectRun, projectTask } from './project.ts';
import { createSoftBuffer, type SoftBuffer } from './soft.ts';
import { type EngineDeps, hostTools } from './tools.ts';
import { BEFORE_MUTATION } from './transitions.ts';
import { createWatch } from './watch.ts';

/** At most four commits of progress a second, all hosts together. */
const GATHER_MS = 250;

type Queued = { input: Input; capture: Capture | undefined };

type Live = {
  model: RunModel;
  plan: Plan;
  revision: Revision | undefined;
  run: Run;
  hostPlans: Map<string, HostPlan>;
  /** Steps under way, by the host they work on. */
  steps: Map<string, AbortController>;
  /** Effects under way, steps and others. */
  open: number;
  requests: Map<string, Request>;
  soft: SoftBuffer;
  gathering: boolean;
  queue: Queued[];
  /** The store refused the last commit; the queue waits for it. */
  blocked: boolean;
};

export type Runner = ReturnType<typeof createRunner>;

export const createRunner = (ports: Ports, deps: EngineDeps) => {
  const tools = deps.tools ?? hostTools;
  const { store, clock, log } = ports;
  const live = new Map<string, Live>();
  const watchers = new Map<string, Set<() => void>>();
  const inFlight = new Set<Promise<void>>();
  const closing = new AbortController();

  const now = (): string => new Date(clock.now()).toISOString();

  const enliven = (model: RunModel, plan: Plan): Live => {
    const hostPlans = new Map(plan.hosts.map((host) => [host.hostId, host]));
    const tasks = model.tasks.map((task) => projectTask(task, hostPlans.get(task.hostId)?.actions ?? []));
    return {
      model,
      plan,
      revision: store.revision(plan.snapshot.id),
      run: projectRun(model, plan, tasks),
      hostPlans,
      steps: new Map(),
      open: 0,
      requests: new Map(),
      soft: createSoftBuffer(),
      gathering: false,
      queue: [],
      blocked: false,
    };
  };

  /** The stored run as it can be worked on. Errors: `store.damaged`. */
  const revive = (stored: StoredRun): Result<Live> => {
    const model = RunModel.safeParse(stored.state);
    const plan = store.plan(stored.run.planId);
    if (!model.success || plan === undefined)
      return fail('store.damaged', `Run ${stored.run.id.slice(0, 8)} cannot be read from the store.`);
    return ok(enliven(model.data, plan));
  };

  const load = (runId: string): Result<Live> => {
    const known = live.get(runId);
    if (known !== undefined) return ok(known);
    const stored = store.run(runId);
    if (stored === undefined) return fail('not-found', 'There is no such run.');
    const revived = revive(stored);
    if (revived.ok) live.set(runId, revived.value);
    return revived;
  };

  const forgetWhenAtRest = (runId: string): void => {
    const entry = live.get(runId);
    if (entry === undefined || entry.model.state !== 'finished') return;
    if (entry.open === 0 && entry.queue.length === 0) live.delete(runId);
  };

  const notify = (run: Run, events: Reduction['events']): void => {
    const runId = run.id;
    for (const wake of watchers.get(runId) ?? []) wake();
    // Progress and output have their own stream; the list of runs changes only with these.
    if (events.some((event) => event.type !== 'task.progress' && event.type !== 'task.output'))
      ports.changes.announce({ type: 'runs', runId });
    if (events.some((event) => event.type === 'run.finished')) deps.onRest?.(run);
  };

  const projectChanged = (entry: Live, model: RunModel): { run: Run; changed: string[] } => {
    const changed: string[] = [];
    const tasks = model.tasks.map((task, index): Task => {
      const shown = entry.run.tasks[index];
      if (task === entry.model.tasks[index] && shown !== undefined) return shown;
      changed.push(task.hostId);
      return projectTask(task, entry.hostPlans.get(task.hostId)?.actions ?? []);
    });
    return { run: projectRun(model, entry.plan, tasks), changed };
  };

  /** Commits what the inputs lead to, then sees to the new effects. Throws the store's FrostFault with nothing done. */
  const commit = (entry: Live, inputs: readonly Input[], captures: Capture[]): void => {
    const step = reduceAll(entry.model, inputs);
    const { run, changed } = projectChanged(entry, step.state);
    // A stale result or a request that means nothing any more. Whatever changes a run as a whole has an event.
    if (step.events.length === 0 && step.done.length === 0 && changed.length === 0) return;
    store.commitRun({
      ...commitOf(run, step),
      changedTasks: changed,
      ...(captures.length > 0 && { captures }),
    });
    entry.model = step.state;
    entry.run = run;
    for (const effect of step.effects) launch(entry, effect, false);
    watch.follow(entry.model);
    notify(run, step.events);
  };

  /** Commits everything that waits: what was gathered first, then the queue in order, each on its own. */
  const drain = (entry: Live): void => {
    while (!entry.blocked && !closing.signal.aborted && (entry.queue.length > 0 || !entry.soft.empty())) {
      const next = entry.queue[0];
      const inputs = [...entry.soft.inputs(now()), ...(next === undefined ? [] : [next.input])];
      try {
        commit(entry, inputs, next?.capture === undefined ? [] : [next.capture]);
      } catch (error) {
        if (error instanceof FrostFault) {
          holdBack(entry, error);
          return;
        }
        // A defect: what led to it must not stop the other hosts of the run.
        entry.soft.clear();
        entry.queue.shift();
        throw error;
      }
      entry.soft.clear();
      entry.queue.shift();
    }
    forgetWhenAtRest(entry.model.runId);
  };

  /** A full disk or a busy store is waited out: nothing that was not committed is done, and nothing is lost. */
  const holdBack = (entry: Live, fault: FrostFault): void => {
    entry.blocked = true;
    log.write('error', 'a run cannot be committed and waits', {
      run: entry.model.runId,
      code: fault.error.code,
    });
    track(
      clock.wait(2000, closing.signal).then(() => {
        entry.blocked = false;
        drain(entry);
      }),
    );
  };

  const track = (work: Promise<void>): void => {
    const kept: Promise<void> = work
      .catch((error: unknown) => {
        log.write('error', 'the run engine has a defect', {
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        });
      })
      .finally(() => inFlight.delete(kept));
    inFlight.add(kept);
  };

  const watch = createWatch({
    clock,
    probe: ports.probe,
    closing: closing.signal,
    track,
    tell: (runId, input) => {
      const entry = live.get(runId);
      if (entry === undefined || closing.signal.aborted) return;
      entry.queue.push({ input, capture: undefined });
      drain(entry);
    },
  });

  const gather = (entry: Live): void => {
    if (entry.gathering) return;
    entry.gathering = true;
    track(
      clock.wait(GATHER_MS, closing.signal).then(() => {
        entry.gathering = false;
        drain(entry);
      }),
    );
  };

  const taskOf = (entry: Live, hostId: string): TaskModel => {
    const task = entry.model.tasks.find((one) => one.hostId === hostId);
    if (task === undefined) throw new Error(`run ${entry.model.runId} has no host ${hostId}`);
    return task;
  };

  const contextOf = (entry: Live, effect: Effect, resumed: boolean, signal: AbortSignal): StepContext => {
    const hostPlan = entry.hostPlans.get(effect.hostId);
    if (hostPlan === undefined) throw new Error(`the plan of ${entry.model.runId} lacks ${effect.hostId}`);
    return {
      ports,
      deps,
      tools,
      runId: entry.model.runId,
      plan: entry.plan,
      revision: entry.revision,
      hostPlan,
      task: () => taskOf(entry, effect.hostId),
      resumed,
      signal,
      request: {
        get: () => entry.requests.get(effect.hostId),
        set: (request) => void entry.requests.set(effect.hostId, request),
      },
      progress: (progress) => {
        entry.soft.progress(effect.id, progress);
        gather(entry);
      },
      output: (lines, mark) => {
        entry.soft.output(effect.id, lines, mark);
        gather(entry);
      },
    };
  };

  const perform = async (entry: Live, effect: Effect, resumed: boolean): Promise<void> => {
    // What follows a commit must not run inside it.
    await null;
    if (closing.signal.aborted) return;
    const finish = (input: Input, capture?: Capture): void => {
      if (closing.signal.aborted) return;
      entry.queue.push({ input, capture });
      drain(entry);
    };
    if (effect.kind === 'interrupt') {
      entry.steps.get(effect.hostId)?.abort();
      return finish({ kind: 'side-done', at: now(), effect: effect.id });
    }
    const controller = new AbortController();
    const signal = AbortSignal.any([controller.signal, closing.signal]);
    const context = contextOf(entry, effect, resumed, signal);
    if (effect.kind === 'stop-job') {
      await askToStop(context);
      return finish({ kind: 'side-done', at: now(), effect: effect.id });
    }
    entry.steps.set(effect.hostId, controller);
    const { cancelling, state } = context.task();
    if (resumed && cancelling && effect.kind !== 'before' && BEFORE_MUTATION.has(state)) controller.abort();
    const outcome = await performStep(effect.kind, context);
    entry.steps.delete(effect.hostId);
    return finish({ kind: 'step', at: now(), effect: effect.id, result: outcome.result }, outcome.capture);
  };

  const launch = (entry: Live, effect: Effect, resumed: boolean): void => {
    entry.open += 1;
    track(
      perform(entry, effect, resumed).finally(() => {
        entry.open -= 1;
        forgetWhenAtRest(entry.model.runId);
      }),
    );
  };

  /** One request from outside, committed before this returns. Errors: the store's. */
  const request = (entry: Live, input: Input): Result<Run> => {
    try {
      drain(entry);
      commit(entry, [...entry.soft.inputs(now()), input], []);
      entry.soft.clear();
      return ok(entry.run);
    } catch (error) {
      if (error instanceof FrostFault) return { ok: false, error: error.error };
      throw error;
    } finally {
      forgetWhenAtRest(entry.model.runId);
    }
  };

  return {
    start: (plan: Plan): Result<Run> => {
      const at = now();
      const runId = ports.random.id();
      const entry = enliven(initialRun(plan, runId, at), plan);
      const step = reduceAll(entry.model, [{ kind: 'start', at }]);
      const { run } = projectChanged(entry, step.state);
      try {
        store.createRun(commitOf(run, step));
      } catch (error) {
        if (error instanceof FrostFault) return { ok: false, error: error.error };
        throw error;
      }
      Object.assign(entry, { model: step.state, run } satisfies Partial<Live>);
      live.set(runId, entry);
      for (const effect of step.effects) launch(entry, effect, false);
      watch.follow(entry.model);
      notify(run, step.events);
      forgetWhenAtRest(runId);
      return ok(run);
    },

    load,
    request,
    now,

    /** Picks up every run that is not at rest, with the effects it still owed. */
    resume: (): void => {
      for (const stored of store.unfinishedRuns()) {
        const revived = revive(stored);
        if (!revived.ok) {
          log.write('error', 'an unfinished run cannot be resumed', { run: stored.run.id });
          continue;
        }
        live.set(stored.run.id, revived.value);
        for (const { id, kind, hostId } of stored.effects) {
          const known = EffectKind.safeParse(kind);
          if (known.success && hostId !== undefined)
            launch(revived.value, { id, kind: known.data, hostId }, true);
        }
        watch.follow(revived.value.model);
      }
    },

    /** Runs that are not at rest. */
    unfinished: (): RunModel[] =>
      [...live.values()].map((entry) => entry.model).filter((model) => model.state !== 'finished'),

    /** The run as it is now, where it is being worked on. */
    current: (runId: string): Run | undefined => live.get(runId)?.run,

    /** Nothing is under way for this run. */
    atRest: (runId: string): boolean => (live.get(runId)?.model.state ?? 'finished') === 'finished',

    /** Resolves at the run's next commit, or when the signal aborts. */
    nextCommit: (runId: string, signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        const all = watchers.get(runId) ?? new Set();
        watchers.set(runId, all);
        const wake = (): void => {
          all.delete(wake);
          if (all.size === 0) watchers.delete(runId);
          signal.removeEventListener('abort', wake);
          closing.signal.removeEventListener('abort', wake);
          resolve();
        };
        all.add(wake);
        signal.addEventListener('abort', wake);
        closing.signal.addEventListener('abort', wake);
        if (signal.aborted || closing.signal.aborted) wake();
      }),

    closed: (): boolean => closing.signal.aborted,

    /** Commits what was gathered and lets go of the hosts; jobs on them go on, and the next start picks them up. */
    close: async (): Promise<void> => {
      for (const entry of live.values()) drain(entry);
      closing.abort();
      await Promise.allSettled([...inFlight]);
    },
  };
};
