/** A run in words: where its waves stand, why it ended early, and its tasks. */
import type { AbortCause, Run, RunEvent, Task } from '../../../shared/model/run.ts';
import { abortText, showHere } from './parameterText.ts';
import { count, names, type Paint, safe, table } from './terminal.ts';

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

export type WaitingWave = Pick<Of<'wave.waiting'>, 'wave' | 'of' | 'gate' | 'until' | 'run'>;

/** The wave that waits for its gate now; null: none does. */
export const waitingWave = ({ id, wave }: Pick<Run, 'id' | 'wave'>): WaitingWave | null =>
  wave?.waiting === undefined ? null : { wave: wave.number + 1, of: wave.of, run: id, ...wave.waiting };

/** Which wave waits for what, and how to go on. */
export const gateText = (event: WaitingWave): string => {
  const approve = `frostline runs approve ${event.run}`;
  const wave = `Wave ${event.wave} of ${event.of}`;
  return event.gate === 'manual'
    ? `${wave} waits to be approved: ${approve}`
    : `${wave} starts ${event.until === undefined ? 'after its soak' : `by itself at ${showHere(event.until)}`}; sooner with: ${approve}`;
};

/** The hosts whose failure ended the run. */
export const failedHosts = (cause: AbortCause | undefined): string[] =>
  cause !== undefined && 'failed' in cause && cause.failed.length > 0
    ? [`failed: ${names(cause.failed)}`]
    : [];

export const rollbackStopped = ({ host, left, run }: Of<'run.rollback-stopped'>): string =>
  `The rollback of ${host} failed; these no longer wait for theirs and are left as they are: ${names(left)}. Look at ${host}, then: frostline runs rollback ${run}`;

const waveLines = (run: Run): string[] => {
  const { wave } = run;
  if (wave === undefined) return [];
  const sizes = run.parameters.waveSizes;
  const shown = `wave ${wave.number} of ${wave.of} (hosts to be changed in each: ${sizes.join(', ')})`;
  const next = waitingWave(run);
  return next === null ? [shown] : [shown, gateText(next)];
};

const abortLines = (run: Run, p: Paint): string[] =>
  run.abortReason === undefined
    ? []
    : [p.red(`aborted: ${safe(run.abortReason)}`), ...failedHosts(run.abortCause)];

const restart = (task: Task): string =>
  task.rebooted ? 'restarted' : task.rebootRequired ? 'wants a reboot' : '';

const taskTable = (run: Run, p: Paint): string => {
  const several = run.wave !== undefined;
  return table(
    ['HOST', ...(several ? ['WAVE'] : []), 'STATE', 'ACTIONS', 'PROOF', 'REBOOT', 'ERROR'],
    run.tasks.map((task) => [
      task.host,
      ...(several ? [`${task.wave ?? ''}`] : []),
      task.state,
      `${task.actions.length}`,
      task.proof,
      restart(task),
      task.error?.message ?? '',
    ]),
    p,
  );
};

export const runText = (run: Run, p: Paint): string =>
  [
    `${p.bold(run.id)}  ${run.snapshot.name}@${run.snapshot.revision}  ${run.state}  ${run.verdict ?? ''}`.trimEnd(),
    `at most ${count(run.parameters.concurrency, 'host')} at once; ${abortText(run.parameters)}`,
    ...waveLines(run),
    ...abortLines(run, p),
    taskTable(run, p),
  ].join('\n');
