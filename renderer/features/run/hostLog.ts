/**
 * What the panel of one host shows over time: its states and its output, from the run's events for that host. Bounded: a
 * host that prints for ever costs no more memory than its last lines.
 */
import type { FrostError } from '../../../shared/errors.ts';
import type { RunEvent, TaskState } from '../../../shared/model/run.ts';

export const MAX_LINES = 5000;
const MAX_STEPS = 500;

export type LogLine = { seq: number; text: string };
export type Step = { seq: number; at: string; from: TaskState; state: TaskState; error?: FrostError };

export type HostLog = {
  host: string;
  /** Last event that was taken in, of whatever host: where a stream resumes. */
  seq: number;
  lines: readonly LogLine[];
  /** Lines that were dropped at the front. */
  dropped: number;
  steps: readonly Step[];
};

export const openLog = (host: string): HostLog => ({ host, seq: 0, lines: [], dropped: 0, steps: [] });

/** Takes events in the order of their seq; what was taken before is skipped. Events of other hosts only move the cursor. */
export const takeIn = (log: HostLog, events: readonly RunEvent[]): HostLog => {
  let seq = log.seq;
  const lines: LogLine[] = [];
  const steps: Step[] = [];
  for (const event of events) {
    if (event.seq <= seq) continue;
    seq = event.seq;
    if (event.type === 'task.output' && event.host === log.host)
      lines.push({ seq, text: printable(event.line) });
    else if (event.type === 'task.state' && event.host === log.host)
      steps.push({
        seq,
        at: event.at,
        from: event.from,
        state: event.to,
        ...(event.error === undefined ? {} : { error: event.error }),
      });
  }
  if (seq === log.seq) return log;
  const all = lines.length === 0 ? log.lines : [...log.lines, ...lines];
  const over = Math.max(0, all.length - MAX_LINES);
  return {
    host: log.host,
    seq,
    lines: over === 0 ? all : all.slice(over),
    dropped: log.dropped + over,
    steps: steps.length === 0 ? log.steps : [...log.steps, ...steps].slice(-MAX_STEPS),
  };
};

/** A line of output, or the point at which the task took its next step. */
export type Entry = { seq: number; text: string; step: boolean };

/** Output with the steps in between, so that a hook's or a probe's lines can be told from the package manager's. */
export const entriesOf = (log: HostLog, words: (step: Step) => string): Entry[] => {
  const first = log.dropped > 0 ? (log.lines[0]?.seq ?? 0) : 0;
  const steps = log.steps.filter((step) => step.seq > first);
  const entries: Entry[] = [];
  let next = 0;
  for (const line of log.lines) {
    for (let step = steps[next]; step !== undefined && step.seq < line.seq; step = steps[next]) {
      entries.push({ seq: step.seq, text: words(step), step: true });
      next += 1;
    }
    entries.push({ ...line, step: false });
  }
  for (const step of steps.slice(next)) entries.push({ seq: step.seq, text: words(step), step: true });
  return entries;
};

/**
 * Host output is shown as text, and only as text that stays where it is: direction overrides and invisible characters could
 * make a line read as something else, so they become visible.
 */
export const printable = (line: string): string =>
  line.replace(/[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu, (character) =>
    character === '\t'
      ? '\t'
      : `‹U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}›`,
  );
