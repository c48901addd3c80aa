/** What a screen reader hears of a run: what changed since it was last told, not every step. */
import { useEffect, useRef, useState } from 'react';
import type { Run } from '../../../shared/model/run.ts';
import { groupOf, hostCount, names, totalsOf } from './model.ts';

const EVERY_MS = 8000;

/** One sentence on what is different from `before`; empty when nothing worth saying happened. */
export const announce = (before: Run, now: Run): string => {
  const said: string[] = [];
  if (now.verdict !== undefined && before.verdict !== now.verdict)
    said.push(`The run is finished: ${now.verdict}.`);
  else if (before.state !== now.state) said.push(`The run is ${now.state.replace('-', ' ')}.`);
  const { wave } = now;
  if (wave?.waiting !== undefined && before.wave?.waiting === undefined)
    said.push(
      `Wave ${wave.number + 1} of ${wave.of} waits for ${wave.waiting.gate === 'manual' ? 'your approval' : 'the soak time'}.`,
    );
  else if (wave !== undefined && wave.number !== before.wave?.number && wave.number > 1)
    said.push(`Wave ${wave.number} of ${wave.of} has begun.`);
  const was = new Map(before.tasks.map((task) => [task.host, groupOf(task.state)]));
  const newly = (group: 'bad' | 'good' | 'undone') =>
    now.tasks
      .filter((task) => groupOf(task.state) === group && was.get(task.host) !== group)
      .map((task) => task.host);
  const bad = newly('bad');
  const good = newly('good');
  const undone = newly('undone');
  if (bad.length > 0) said.push(`Failed: ${names(bad, 4)}.`);
  if (undone.length > 0) said.push(`Rolled back: ${names(undone, 4)}.`);
  if (good.length > 0) {
    const { done, targets } = totalsOf(now.tasks);
    said.push(`${hostCount(good.length)} more succeeded, ${done} of ${targets} done.`);
  }
  return said.join(' ');
};

export const useAnnouncements = (run: Run): string => {
  const [text, setText] = useState('');
  const latest = useRef(run);
  const told = useRef(run);
  latest.current = run;
  const finished = run.state === 'finished';
  // biome-ignore lint/correctness/useExhaustiveDependencies: the end of a run is told at once, not after the pause
  useEffect(() => {
    const tell = () => {
      const next = announce(told.current, latest.current);
      told.current = latest.current;
      if (next !== '') setText(next);
    };
    tell();
    const timer = setInterval(tell, EVERY_MS);
    return () => clearInterval(timer);
  }, [finished]);
  return text;
};
