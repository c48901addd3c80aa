/** Which wave's hosts may start, and what opens the next. Pure, used by the reducer. */
import { FINAL_STATES } from '../../../shared/model/run.ts';
import { type Draft, emit } from './draft.ts';
import type { RunModel, TaskModel } from './model.ts';

export const waveCount = (run: RunModel): number => Math.max(1, run.parameters.waveSizes.length);

/** Hosts with nothing to do come with the last wave: they prove nothing to the ones before. */
export const waveOf = (run: RunModel, task: TaskModel): number =>
  task.wave === 0 ? waveCount(run) : Math.min(task.wave, waveCount(run));

/** The task's wave has been opened. */
export const isOpen = (run: RunModel, task: TaskModel): boolean => waveOf(run, task) <= run.wave;

const announce = (draft: Draft): void => {
  const run = draft.state;
  if (waveCount(run) < 2) return;
  emit(draft, {
    type: 'wave.started',
    wave: run.wave,
    of: waveCount(run),
    hosts: run.tasks.filter((task) => waveOf(run, task) === run.wave).map((task) => task.host),
  });
};

/** Begins (or, with a retry, begins again) with this wave. */
export const openWave = (draft: Draft, wave: number): void => {
  draft.state.wave = wave;
  draft.state.waiting = null;
  announce(draft);
};

const atRest = (task: TaskModel): boolean => FINAL_STATES.has(task.state) && !task.rollbackWanted;

const holdAtGate = (draft: Draft): void => {
  const run = draft.state;
  const gate = run.parameters.resolvedGate;
  if (gate.kind === 'auto') return;
  const until =
    gate.kind === 'soak' ? new Date(Date.parse(draft.at) + gate.seconds * 1000).toISOString() : null;
  run.waiting = { gate: gate.kind, until };
  emit(draft, {
    type: 'wave.waiting',
    wave: run.wave + 1,
    of: waveCount(run),
    gate: gate.kind,
    ...(until !== null && { until }),
  });
};

/** Opens waves as far as their gates allow. A wave without anything left to start needs no gate. */
export const advanceWaves = (draft: Draft): void => {
  const run = draft.state;
  while (run.state === 'running' && run.wave < waveCount(run)) {
    const { waiting } = run;
    if (waiting !== null) {
      if (waiting.until === null || Date.parse(draft.at) < Date.parse(waiting.until)) return;
      openWave(draft, run.wave + 1);
      continue;
    }
    if (!run.tasks.filter((task) => isOpen(run, task)).every(atRest)) return;
    const next = run.tasks.filter((task) => waveOf(run, task) === run.wave + 1);
    if (next.some((task) => task.state === 'queued')) holdAtGate(draft);
    if (run.waiting !== null) return;
    openWave(draft, run.wave + 1);
  }
};

/** The admin opens the gate; a soak may be cut short. */
export const approve = (draft: Draft): void => {
  if (draft.state.state === 'running' && draft.state.waiting !== null) openWave(draft, draft.state.wave + 1);
};

/** When something is due without anybody asking: a soak's end, the window's. Null: nothing is. */
export const nextDue = (run: RunModel): string | null => {
  if (run.state !== 'running') return null;
  const due = [run.waiting?.until ?? null, run.parameters.until ?? null].filter((at) => at !== null);
  return due.sort()[0] ?? null;
};
