/** The contract's `runs` group: what may be asked of runs, checked against their state, and how they are watched. */
import type { Caller, HandlerInput, Item, Output } from '../../../shared/contract/contract.ts';
import { FrostFault, fail, frostError, ok, type Result } from '../../../shared/errors.ts';
import type { Run, RunEvent, Task } from '../../../shared/model/run.ts';
import type { Ports } from '../ports.ts';
import { createCleaner } from './clean.ts';
import { cleanLine } from './follow.ts';
import { RunModel, type TaskModel } from './model.ts';
import { differences, emptyReplay, replayEvent } from './replay.ts';
import { canRetry, canRollBack, isWindowOver } from './requests.ts';
import { createRunner } from './runner.ts';
import type { EngineDeps } from './tools.ts';
import { waveCount, waveOf } from './waves.ts';

const PAGE = 500;
/** Runs looked at when a prefix of an id is looked up, or later runs of a host. */
const LOOK_BACK = 10_000;

const short = (runId: string): string => runId.slice(0, 8);
const some = (names: readonly string[]): string =>
  names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');

/** The host can still be touched by its run. A host the plan had nothing for never is. */
const holds = (run: RunModel, task: TaskModel): boolean =>
  run.state !== 'finished' && task.planned !== 'refused' && task.planned !== 'failed';

export const createRunService = (ports: Ports, deps: EngineDeps) => {
  const { store } = ports;
  const runner = createRunner(ports, deps);
  const clean = createCleaner(ports, deps);

  const activeRun = (hostId: string): string | undefined =>
    runner.unfinished().find((run) => run.tasks.some((task) => task.hostId === hostId && holds(run, task)))
      ?.runId;

  /** Errors: `host.busy`, naming hosts and run. Two runs never work on one host. */
  const noneBusy = (hosts: readonly { hostId: string; host: string }[], except?: string): Result<void> => {
    const busy = hosts.flatMap((host) => {
      const runId = activeRun(host.hostId);
      return runId === undefined || runId === except ? [] : [{ name: host.host, runId }];
    });
    const [first] = busy;
    if (first === undefined) return ok(undefined);
    return fail(
      'host.busy',
      `Run ${short(first.runId)}, which is not finished, holds ${some(busy.map((b) => b.name))}.`,
      { host: first.name, hint: 'Wait for it, or abort it.' },
    );
  };

  /** As it is now: from memory while it is being worked on, for windows that ask often. */
  const runOf = (runId: string): Run | undefined => runner.current(runId) ?? store.run(runId)?.run;

  const modelOf = (runId: string): RunModel | undefined => {
    const parsed = RunModel.safeParse(store.run(runId)?.state);
    return parsed.success ? parsed.data : undefined;
  };

  /** Later runs that have changed the host and were not undone: going back under them would mix two states. */
  const laterRunOn = (run: RunModel): ((hostId: string) => string | undefined) => {
    // Newest first by the order of the store: a clock that was put back must not make a later run an earlier one.
    const all = store.runs(LOOK_BACK);
    const place = all.findIndex((other) => other.id === run.runId);
    const later = all.slice(0, place < 0 ? all.length : place).flatMap((other) => modelOf(other.id) ?? []);
    return (hostId) =>
      later.find((other) => other.tasks.some((task) => task.hostId === hostId && task.changed))?.runId;
  };

  /** What a rollback is asked for: hosts by name, those of a wave, or all. Errors: as `chosen`, `not-found` (no such wave). */
  const chosenFor = (
    run: RunModel,
    o: { hosts?: string[] | undefined; wave?: number | undefined },
  ): Result<TaskModel[]> => {
    const named = chosen(run, o.hosts);
    if (!named.ok || o.wave === undefined) return named;
    const inWave = named.value.filter((task) => waveOf(run, task) === o.wave);
    return inWave.length > 0
      ? ok(inWave)
      : fail('not-found', `Run ${short(run.runId)} has no wave ${o.wave}.`, {
          hint: `It has ${waveCount(run)}.`,
        });
  };

  /** Tasks by host name, or all. Errors: `not-found`, naming those that are not in the run. */
  const chosen = (run: RunModel, names: readonly string[] | undefined): Result<TaskModel[]> => {
    if (names === undefined) return ok(run.tasks);
    const unknown = names.filter((name) => !run.tasks.some((task) => task.host === name));
    return unknown.length > 0
      ? fail('not-found', `Run ${short(run.runId)} has no host ${some(unknown)}.`)
      : ok(run.tasks.filter((task) => names.includes(task.host)));
  };

  const whyNoRollback = (run: RunModel, task: TaskModel, later: string | undefined): string | undefined => {
    if (run.acceptedAt !== null) return 'The run was accepted; what was put aside for undoing it is gone.';
    if (task.state === 'rolling-back' || task.rollbackWanted) return 'It is being rolled back already.';
    if (!task.changed || !task.captured) return `Nothing was changed on it (${task.state}).`;
    if (!canRollBack(run, task)) return `It is still at work (${task.state}).`;
    if (later !== undefined) return `Run ${short(later)} changed it later; roll that one back first.`;
    return undefined;
  };

  const rollback = async (input: HandlerInput<'runs.rollback'>): Promise<Result<Output<'runs.rollback'>>> => {
    const entry = runner.load(input.id);
    if (!entry.ok) return entry;
    const { model } = entry.value;
    const tasks = chosenFor(model, input);
    if (!tasks.ok) return tasks;
    const later = laterRunOn(model);
    const judged = tasks.value.map((task) => ({
      task,
      why: whyNoRollback(model, task, later(task.hostId)),
      overtaken: task.changed && later(task.hostId) !== undefined,
    }));
    const possible = judged.filter(({ why }) => why === undefined).map(({ task }) => task);
    const whole = input.hosts === undefined && input.wave === undefined;
    const all = whole && (model.state === 'running' || model.state === 'aborting');
    // Named hosts must all be possible; for the whole run, those with nothing to undo are simply not concerned.
    const against =
      input.hosts === undefined
        ? judged.find(({ overtaken }) => overtaken)
        : judged.find(({ why }) => why !== undefined);
    if (against !== undefined)
      return fail('state.conflict', `${against.task.host} cannot be rolled back: ${against.why ?? ''}`, {
        host: against.task.host,
      });
    if (possible.length === 0 && !all)
      return fail('state.conflict', `Run ${short(model.runId)} has nothing to roll back.`);
    const free = noneBusy(possible, model.runId);
    if (!free.ok) return free;
    const hostIds = possible.map((task) => task.hostId);
    const asked = runner.request(entry.value, { kind: 'rollback', at: runner.now(), hostIds, all });
    return asked.ok ? ok({ run: asked.value }) : asked;
  };

  const retry = async (input: HandlerInput<'runs.retry'>): Promise<Result<Output<'runs.retry'>>> => {
    const entry = runner.load(input.id);
    if (!entry.ok) return entry;
    const { model } = entry.value;
    const tasks = chosen(model, input.hosts);
    if (!tasks.ok) return tasks;
    if (model.state !== 'finished')
      return fail('state.conflict', `Run ${short(model.runId)} is not finished yet.`);
    if (model.acceptedAt !== null)
      return fail('state.conflict', `Run ${short(model.runId)} was accepted; start a new one.`);
    if (isWindowOver(model, runner.now()))
      return fail('state.conflict', `The window of run ${short(model.runId)} is over.`, {
        hint: 'Plan these hosts again, with the next window.',
      });
    const possible = tasks.value.filter((task) => canRetry(model, task));
    const against =
      input.hosts === undefined ? undefined : tasks.value.find((task) => !possible.includes(task));
    if (against !== undefined)
      return fail('state.conflict', `${against.host} has nothing to try again (${against.state}).`);
    if (possible.length === 0)
      return fail('state.conflict', `Run ${short(model.runId)} has nothing to try again.`);
    const free = noneBusy(possible, model.runId);
    if (!free.ok) return free;
    const hostIds = possible.map((task) => task.hostId);
    const asked = runner.request(entry.value, { kind: 'retry', at: runner.now(), hostIds });
    return asked.ok ? ok({ run: asked.value }) : asked;
  };

  const checkOne = (runId: string): Output<'runs.check'>['runs'][number] => {
    const run = store.run(runId)?.run;
    if (run === undefined) return { id: runId, agrees: false, differences: ['the run is not in the store'] };
    const replay = emptyReplay();
    for (;;) {
      const events = store.events(runId, replay.seq, PAGE);
      for (const event of events) replayEvent(replay, event, run.parameters.concurrency);
      if (events.length < PAGE || replay.problems.length > PAGE) break;
    }
    const found = differences(replay, run);
    return { id: runId, agrees: found.length === 0, differences: found };
  };

  const restoresOf = (task: Task): { name: string; arch: string; from: string | null; to: string | null }[] =>
    task.actions.map(({ name, arch, from, to }) => ({ name, arch, from: to ?? null, to: from ?? null }));

  /** Says where going back leans on more than what was put aside on the host. */
  const caveat = (runId: string, hostId: string): string | undefined => {
    const unsecured = store.capture(runId, hostId)?.unsecured ?? [];
    return unsecured.length === 0
      ? undefined
      : `The old versions of ${some(unsecured.map((entry) => entry.name))} could not be put aside; going back needs a repository that still has them.`;
  };

  async function* events(
    input: HandlerInput<'runs.events'>,
    caller: Caller,
  ): AsyncGenerator<Item<'runs.events'>> {
    const concerns = (event: RunEvent): boolean =>
      input.host === undefined || !('host' in event) || event.host === input.host;
    if (runOf(input.id) === undefined) throw new FrostFault(frostError('not-found', 'There is no such run.'));
    const left = new AbortController();
    const signal = AbortSignal.any([caller.signal, left.signal]);
    let cursor = input.since;
    try {
      while (!signal.aborted && !runner.closed()) {
        // Registered before reading: a commit in between wakes it.
        const committed = runner.nextCommit(input.id, signal);
        const page = store.events(input.id, cursor, PAGE);
        for (const event of page) {
          cursor = event.seq;
          if (concerns(event)) yield event;
          if (signal.aborted) return;
        }
        if (page.length > 0) continue;
        if (!input.follow && runner.atRest(input.id)) return;
        await committed;
      }
    } finally {
      left.abort();
    }
  }

  return {
    active: (): number => runner.unfinished().length,
    /** The unfinished run a host takes part in. */
    activeRun,
    /** At process start: picks up unfinished runs. */
    resume: async (): Promise<void> => runner.resume(),
    close: (): Promise<void> => runner.close(),

    /** Errors: `not-found`, `state.conflict` (the hash is not the plan's), `plan.empty`, `host.busy`. */
    start: async ({ planId, hash }: HandlerInput<'runs.start'>): Promise<Result<Output<'runs.start'>>> => {
      const plan = store.plan(planId);
      if (plan === undefined) return fail('not-found', 'There is no such plan.');
      if (plan.hash !== hash)
        return fail('state.conflict', 'The plan that was approved is not the one in the store.', {
          hint: 'Look at the plan again, and approve what it says now.',
        });
      if (plan.hosts.length === 0) return fail('plan.empty', 'The plan has no hosts.');
      const taking = plan.hosts.filter((host) => host.state !== 'refused' && host.state !== 'failed');
      const free = noneBusy(taking);
      if (!free.ok) return free;
      const started = runner.start(plan);
      return started.ok ? ok({ run: started.value }) : started;
    },

    list: async ({ limit }: HandlerInput<'runs.list'>): Promise<Result<Output<'runs.list'>>> =>
      ok({ runs: store.runs(limit) }),

    /** By id, or by a beginning of it that only one run has. Errors: `not-found`, `input.invalid`. */
    show: async ({ id }: HandlerInput<'runs.show'>): Promise<Result<Output<'runs.show'>>> => {
      const exact = runOf(id);
      if (exact !== undefined) return ok({ run: exact });
      const matches = id === '' ? [] : store.runs(LOOK_BACK).filter((run) => run.id.startsWith(id));
      if (matches.length > 1)
        return fail('input.invalid', `Several runs begin with ${id}.`, {
          hint: matches
            .slice(0, 5)
            .map((run) => run.id)
            .join(', '),
        });
      const run = matches[0] && runOf(matches[0].id);
      return run === undefined ? fail('not-found', 'There is no such run.') : ok({ run });
    },

    /**
     * From the store by cursor, then live: gap-free, nothing twice. With `follow` it stays open, for later rollbacks and
     * retries, until the caller leaves; without, it ends once everything is read and the run is at rest.
     */
    events,

    output: async ({
      id,
      host,
      limit,
    }: HandlerInput<'runs.output'>): Promise<Result<Output<'runs.output'>>> =>
      runOf(id) === undefined
        ? fail('not-found', 'There is no such run.')
        : ok({ lines: store.outputLines(id, host, limit) }),

    /** May be asked again, to stop running tasks too. Errors: `not-found`, `state.conflict` (finished). */
    abort: async ({
      id,
      reason,
      stopRunning,
    }: HandlerInput<'runs.abort'>): Promise<Result<Output<'runs.abort'>>> => {
      const entry = runner.load(id);
      if (!entry.ok) return entry;
      if (entry.value.model.state === 'finished')
        return fail('state.conflict', `Run ${short(id)} is finished; there is nothing to abort.`);
      const said = cleanLine(reason.replaceAll('\n', ' '));
      const asked = runner.request(entry.value, {
        kind: 'abort',
        at: runner.now(),
        reason: said,
        stopRunning,
      });
      return asked.ok ? ok({ run: asked.value }) : asked;
    },

    /** Errors: `not-found`, `state.conflict` (no wave waits for a word). */
    approve: async ({ id }: HandlerInput<'runs.approve'>): Promise<Result<Output<'runs.approve'>>> => {
      const entry = runner.load(id);
      if (!entry.ok) return entry;
      const { model } = entry.value;
      if (model.state !== 'running' || model.waiting === null)
        return fail('state.conflict', `No wave of run ${short(id)} waits to be approved.`, {
          hint:
            model.state === 'running'
              ? 'The wave under way has to come to rest first.'
              : `The run is ${model.state}.`,
        });
      const asked = runner.request(entry.value, { kind: 'approve', at: runner.now() });
      return asked.ok ? ok({ run: asked.value }) : asked;
    },

    rollbackPreview: async (
      input: HandlerInput<'runs.rollbackPreview'>,
    ): Promise<Result<Output<'runs.rollbackPreview'>>> => {
      const stored = store.run(input.id);
      const model = modelOf(input.id);
      if (stored === undefined || model === undefined) return fail('not-found', 'There is no such run.');
      const tasks = chosenFor(model, input);
      if (!tasks.ok) return tasks;
      const later = laterRunOn(model);
      const hosts = tasks.value.map((task) => {
        const shown = stored.run.tasks.find((one) => one.hostId === task.hostId);
        const why = whyNoRollback(model, task, later(task.hostId));
        const reason = why ?? caveat(input.id, task.hostId);
        return {
          host: task.host,
          possible: why === undefined,
          ...(reason !== undefined && { reason }),
          restores: why === undefined && shown !== undefined ? restoresOf(shown) : [],
        };
      });
      return ok({ hosts });
    },

    /**
     * Undoing is never refused by a freeze: it only returns to what was there. Without `hosts`, a run that is not finished is
     * aborted first, and everything it changed is undone. Errors: `not-found`, `state.conflict`, `host.busy`.
     */
    rollback,

    /** Errors: `not-found`, `state.conflict`, `host.busy`. */
    retry,

    check: async ({ id }: HandlerInput<'runs.check'>): Promise<Result<Output<'runs.check'>>> => {
      if (id !== undefined && store.run(id) === undefined) return fail('not-found', 'There is no such run.');
      const ids = id === undefined ? store.runs(LOOK_BACK).map((run) => run.id) : [id];
      return ok({ runs: ids.map(checkOne) });
    },

    /** Cleaning hosts again is possible, e.g. for those that were not reached. Errors: `not-found`, `state.conflict` (not finished). */
    accept: async (
      { id }: HandlerInput<'runs.accept'>,
      caller: Caller,
    ): Promise<Result<Output<'runs.accept'>>> => {
      const entry = runner.load(id);
      if (!entry.ok) return entry;
      const { model, plan } = entry.value;
      if (model.state !== 'finished')
        return fail('state.conflict', `Run ${short(id)} is not finished; it cannot be accepted yet.`);
      const asked = runner.request(entry.value, { kind: 'accept', at: runner.now() });
      if (!asked.ok) return asked;
      const { cleaned, notCleaned } = await clean(model, plan, caller.signal);
      return ok({ run: asked.value, cleaned, notCleaned });
    },

    difference: async ({
      id,
      host,
    }: HandlerInput<'runs.difference'>): Promise<Result<Output<'runs.difference'>>> => {
      const task = runOf(id)?.tasks.find((one) => one.host === host);
      return task === undefined
        ? fail('not-found', 'There is no such run, or no such host in it.')
        : ok({ difference: task.difference ?? null });
    },
  };
};

export type RunService = ReturnType<typeof createRunService>;
