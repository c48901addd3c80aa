/** Several inputs as one step, and the step as what the store is asked to commit. Pure. */
import type { Run } from '../../../shared/model/run.ts';
import type { RunCommit } from '../ports.ts';
import type { Input, Reduction, RunModel } from './model.ts';
import { reduce } from './reducer.ts';

export const reduceAll = (model: RunModel, inputs: readonly Input[]): Reduction => {
  const all: Reduction = { state: model, events: [], effects: [], done: [] };
  for (const input of inputs) {
    const step = reduce(all.state, input);
    all.state = step.state;
    all.events.push(...step.events);
    all.effects.push(...step.effects);
    all.done.push(...step.done);
  }
  return all;
};

export const commitOf = (run: Run, step: Reduction): RunCommit => ({
  run,
  state: step.state,
  events: step.events,
  addEffects: step.effects.map(({ id, kind, hostId }) => ({ id, kind, hostId, payload: null })),
  doneEffects: step.done,
});
