/**
 * The run engine's heart: a pure function from (state, input) to (state, events, effects). No clock, no chance, no I/O:
 * times and results come in with the input, and whatever is to be done goes out as an effect.
 *
 * What holds after every event, in whatever order inputs come: never more active tasks than the concurrency; no task starts
 * once the abort is committed; the failures counted at the abort are the first to exceed the limit.
 */
import { slowStartLimit } from '../../../shared/model/parameters.ts';
import { FINAL_STATES } from '../../../shared/model/run.ts';
import { type Draft, demand, emit, move, openDraft, taskAt, update } from './draft.ts';
import { judgeFailures, judgeWindow, leftOutByWindow, onProbe } from './limits.ts';
import type { FollowMark, Input, Reduction, RunModel, TaskModel } from './model.ts';
import { abort, askRollback, canRetry, canRollBack, isWindowOver, rollBackRun } from './requests.ts';
import { onStep } from './steps.ts';
import { isActive } from './transitions.ts';
import { countsOf, verdictOf } from './verdict.ts';
import { advanceWaves, approve, isOpen, openWave, waveOf } from './waves.ts';

/** A host's output is for reading, not for keeping: what comes after this many lines of one attempt is not kept. */
export const OUTPUT_LINES = 5000;

/** What is asked of a run, as opposed to what its effects report. */
type Request = Exclude<Input, { effect: string }>;

const start = (draft: Draft): void => {
  const run = draft.state;
  if (run.seq !== 0) return;
  emit(draft, {
    type: 'run.started',
    snapshot: run.snapshot.name,
    revision: run.snapshot.revision,
    hosts: run.tasks.map((task) => task.host),
    parameters: run.parameters,
  });
  run.tasks.forEach((task, index) => {
    // A host that could not be planned has no approved actions: there is nothing a task might do. One that was only not
    // reached is tried again, so that the run tells how it is now.
    if (task.planned === 'refused' || task.planned === 'failed')
      move(draft, index, task.planned, { error: task.error });
  });
  openWave(draft, 1);
};

const retry = (draft: Draft, hostIds: readonly string[]): void => {
  const run = draft.state;
  const chosen = run.tasks.flatMap((task, index) =>
    hostIds.includes(task.hostId) && canRetry(run, task) ? [index] : [],
  );
  if (chosen.length === 0 || isWindowOver(run, draft.at)) return;
  Object.assign(run, {
    state: 'running',
    verdict: null,
    finishedAt: null,
    abortReason: null,
    abortCause: null,
    rollbackAsked: false,
    rollbackRun: false,
  } satisfies Partial<RunModel>);
  emit(draft, { type: 'run.retrying', hosts: chosen.map((index) => taskAt(draft, index).host) });
  // It no longer counts as failed: it gets another chance. The other failures of the run still do.
  for (const index of chosen)
    move(draft, index, 'queued', {
      counted: false,
      error: null,
      difference: null,
      finishedAt: null,
      rollbackWanted: false,
    });
  // Gates that were never opened are asked for again.
  openWave(draft, Math.min(...chosen.map((index) => waveOf(run, taskAt(draft, index)))));
};

const accept = (draft: Draft): void => {
  if (draft.state.state !== 'finished' || draft.state.acceptedAt !== null) return;
  draft.state.acceptedAt = draft.at;
  emit(draft, { type: 'run.accepted' });
};

const onOutput = (draft: Draft, index: number, lines: readonly string[], mark: FollowMark): void => {
  const task = taskAt(draft, index);
  const room = Math.max(0, OUTPUT_LINES - task.lines);
  for (const line of lines.slice(0, room)) emit(draft, { type: 'task.output', host: task.host, line });
  if (room > 0 && lines.length > room)
    emit(draft, {
      type: 'task.output',
      host: task.host,
      line: `… further output is not kept (limit ${OUTPUT_LINES} lines); the host has it until the run is accepted`,
    });
  update(draft, index, { follow: mark, lines: Math.min(OUTPUT_LINES, task.lines + lines.length) });
};

const onProgress = (draft: Draft, index: number, input: Extract<Input, { kind: 'progress' }>): void => {
  const { phase, package: name, percent, waitingFor } = input.progress;
  update(draft, index, {
    progress: { phase, package: name ?? null, percent, waitingFor: waitingFor ?? null },
  });
  emit(draft, {
    type: 'task.progress',
    host: taskAt(draft, index).host,
    phase,
    percent,
    ...(name !== undefined && { package: name }),
    ...(waitingFor !== undefined && { waitingFor }),
  });
};

const newestRollback = (tasks: readonly TaskModel[]): number => {
  let newest = -1;
  tasks.forEach((task, index) => {
    if (task.rollbackWanted && (newest < 0 || task.completed > (tasks[newest]?.completed ?? 0)))
      newest = index;
  });
  return newest;
};

const tokenOf = (run: RunModel, task: TaskModel, attempt: number): string =>
  `${run.runId.slice(0, 8)}-${task.hostId.slice(0, 8)}-${attempt}`;

const begin = (draft: Draft, index: number): void => {
  const task = taskAt(draft, index);
  const fresh = task.reattach === null;
  const attempt = fresh ? task.attempt + 1 : task.attempt;
  move(draft, index, 'connecting', {
    startedAt: draft.at,
    attempt,
    ...(fresh && {
      rebooted: false,
      token: tokenOf(draft.state, task, attempt),
      follow: { log: 0, progress: 0 },
      lines: 0,
      complaint: null,
    }),
  });
  demand(draft, index, 'connect');
};

/** How many may be started beside those at work. Slow start doubles with the hosts that ended well: 1, 2, 4 … */
const startLimit = (run: RunModel): number => {
  const { concurrency, slowStart } = run.parameters;
  if (!slowStart) return concurrency;
  const well = run.tasks.filter((task) => task.state === 'succeeded' || task.state === 'compliant').length;
  return slowStartLimit(well, concurrency);
};

const nextQueued = (run: RunModel): number =>
  run.state === 'running' && run.cleared
    ? run.tasks.findIndex((task) => task.state === 'queued' && isOpen(run, task))
    : -1;

/** Gives free slots to whoever is next: undoing first, newest completed first, then queued hosts in the plan's order. */
const fill = (draft: Draft): void => {
  const run = draft.state;
  let active = run.tasks.filter((task) => isActive(task.state)).length;
  while (active < run.parameters.concurrency) {
    const undo = newestRollback(run.tasks);
    if (undo >= 0) {
      askRollback(draft, undo);
      active += 1;
      continue;
    }
    const next = active < startLimit(run) ? nextQueued(run) : -1;
    if (next < 0) return;
    if (leftOutByWindow(draft, next)) continue;
    begin(draft, next);
    active += 1;
  }
};

const finishWhenAtRest = (draft: Draft): void => {
  const run = draft.state;
  const atRest = run.tasks.every((task) => FINAL_STATES.has(task.state) && !task.rollbackWanted);
  if (!atRest || run.state === 'finished' || run.seq === 0) return;
  run.state = 'finished';
  run.finishedAt = draft.at;
  run.verdict = verdictOf(run);
  emit(draft, {
    type: 'run.finished',
    verdict: run.verdict,
    hosts: Object.fromEntries(run.tasks.map((task) => [task.host, task.state])),
    counts: countsOf(run.tasks),
  });
};

const requestRollback = (draft: Draft, hostIds: readonly string[], all: boolean): void => {
  const run = draft.state;
  if (all && (run.state === 'running' || run.state === 'aborting')) {
    rollBackRun(draft, 'the whole run is rolled back by the operator', { kind: 'operator' });
    return;
  }
  const chosen = run.tasks.flatMap((task, index) =>
    hostIds.includes(task.hostId) && !task.rollbackWanted && canRollBack(run, task) ? [index] : [],
  );
  if (chosen.length === 0) return;
  if (run.state === 'finished')
    Object.assign(run, {
      state: 'rolling-back',
      verdict: null,
      finishedAt: null,
    } satisfies Partial<RunModel>);
  run.rollbackAsked = true;
  emit(draft, { type: 'run.rolling-back', hosts: chosen.map((index) => taskAt(draft, index).host) });
  for (const index of chosen) update(draft, index, { rollbackWanted: true });
};

const applyRequest = (draft: Draft, input: Request): void => {
  switch (input.kind) {
    case 'start':
      start(draft);
      break;
    case 'abort':
      abort(draft, {
        reason: input.reason,
        cause: { kind: 'operator' },
        stopRunning: input.stopRunning,
        dropRollbacks: true,
      });
      break;
    case 'rollback':
      requestRollback(draft, input.hostIds, input.all);
      break;
    case 'retry':
      retry(draft, input.hostIds);
      break;
    case 'accept':
      accept(draft);
      break;
    case 'approve':
      approve(draft);
      break;
    case 'probe':
      onProbe(draft, input);
      break;
    case 'tick':
      break;
  }
};

const applyReport = (draft: Draft, input: Exclude<Input, Request>): void => {
  if (input.kind === 'step' || input.kind === 'side-done') draft.done.push(input.effect);
  const index = draft.state.tasks.findIndex((task) => task.effect === input.effect);
  if (index < 0) return;
  if (input.kind === 'step') onStep(draft, index, input.result);
  else if (input.kind === 'output') onOutput(draft, index, input.lines, input.mark);
  else if (input.kind === 'progress') onProgress(draft, index, input);
};

/** Opening a wave lets hosts start; a host that is left out may be the last its wave waited for. */
const settle = (draft: Draft): void => {
  for (let seen = -1; seen !== draft.state.seq; ) {
    seen = draft.state.seq;
    advanceWaves(draft);
    fill(draft);
  }
};

/** One input. Inputs that no longer mean anything (a stale result, a request that is not possible now) change nothing. */
export const reduce = (state: RunModel, input: Input): Reduction => {
  const draft = openDraft(state, input.at);
  if ('effect' in input) applyReport(draft, input);
  else applyRequest(draft, input);
  judgeFailures(draft);
  judgeWindow(draft);
  settle(draft);
  finishWhenAtRest(draft);
  return { state: draft.state, events: draft.events, effects: draft.effects, done: draft.done };
};
