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
