/**
 * What hosts say while they work, gathered for a moment so that it is committed a few times a second and not for every line.
 * Nothing else waits here: a step's result takes what was gathered along with it, in order.
 */
import type { JobProgress } from '../drivers/driver.ts';
import type { FollowMark, Input } from './model.ts';

type Said = { lines: string[]; mark: FollowMark | undefined; progress: JobProgress[] };

export type SoftBuffer = {
  output(effect: string, lines: string[], mark: FollowMark): void;
  progress(effect: string, progress: JobProgress): void;
  empty(): boolean;
  /** Everything gathered, as inputs; it stays until `clear`. */
  inputs(at: string): Input[];
  clear(): void;
};

/** More changes of progress than this between two commits are not shown one by one; only the newest counts. */
const MAX_WAVE = 200;

/** A wave of progress keeps one line per package (and per wait), the newest of each. */
const sameSubject = (a: JobProgress | undefined, b: JobProgress): boolean =>
  a !== undefined && a.phase === b.phase && a.package === b.package && a.waitingFor === b.waitingFor;

export const createSoftBuffer = (): SoftBuffer => {
  const said = new Map<string, Said>();
  const of = (effect: string): Said => {
    const known = said.get(effect) ?? { lines: [], mark: undefined, progress: [] };
    said.set(effect, known);
    return known;
  };
  return {
    output: (effect, lines, mark) => {
      const entry = of(effect);
      for (const line of lines) entry.lines.push(line);
      entry.mark = mark;
    },
    progress: (effect, progress) => {
      const { progress: list } = of(effect);
      if (list.length >= MAX_WAVE || sameSubject(list.at(-1), progress)) list.pop();
      list.push(progress);
    },
    empty: () => said.size === 0,
    inputs: (at) =>
      [...said].flatMap(([effect, { lines, mark, progress }]): Input[] => [
        ...(mark === undefined ? [] : [{ kind: 'output' as const, at, effect, lines, mark }]),
        ...progress.map((one) => ({ kind: 'progress' as const, at, effect, progress: one })),
      ]),
    clear: () => said.clear(),
  };
};
