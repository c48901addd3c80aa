/** Follows a detached job to its end, through lost connections, by byte offsets. The job itself never notices. */
import { type FrostError, fail, frostError, isUnreachable, ok, type Result } from '../../../shared/errors.ts';
import { type FollowEvent, SILENCE_SECONDS } from '../jobs/job.ts';
import type { CommandOutput } from '../ports.ts';
import {
  ask,
  type Reached,
  type StepContext,
  stopWaiting,
  untilReached,
  waitToReconnect,
} from './contact.ts';
import type { FollowMark } from './model.ts';

export type JobEnd =
  | { kind: 'exit'; code: number; logTail: string }
  | { kind: 'died'; reason: string }
  | Lost;
type Lost = { kind: 'lost'; error: FrostError; contact: boolean };

export const LINE_CHARACTERS = 4000;
const TAIL_LINES = 80;
/**
 * Of one job's output this much is kept; the rest stays in its log on the host. Real jobs stay far below: a release upgrade
 * prints some 30,000 lines. Without an end to it a hostile host could fill the console's memory and disk.
 */
export const MAX_LINES = 100_000;
export const MAX_CHARACTERS = 16 * 1024 * 1024;
/** Changes of progress that are shown, likewise. */
export const MAX_PROGRESS = 100_000;
/** Follows that end without any word in a row, on a host that answers: something is wrong that patience does not mend. */
const FRUITLESS = 5;

/** Host output is text: no control characters but tab, none that turns the direction of writing, at most 4000 characters. */
export const cleanLine = (line: string): string =>
  line
    .replace(/[^\P{Cc}\t]|[\u202a-\u202e\u2066-\u2069]/gu, '')
    .slice(0, LINE_CHARACTERS)
    .toWellFormed();

type Ending = Extract<FollowEvent, { kind: 'exit' | 'died' | 'absent' }>;

/** Takes in what a follow streams: lines and progress are reported, the end is kept. */
class Reading {
  ending: Ending | undefined;
  heard = false;
  /** How many events came, all follows together. */
  events = 0;
  mark: FollowMark;
  readonly recent: string[];
  readonly #context: StepContext;
  readonly #driver: Reached['driver'];
  #lines = 0;
  #characters = 0;
  #progressed = 0;

  constructor(context: StepContext, driver: Reached['driver']) {
    this.#context = context;
    this.#driver = driver;
    const task = context.task();
    this.mark = task.follow;
    this.recent = context.resumed
      ? context.ports.store.outputLines(context.runId, task.host, TAIL_LINES)
      : [];
  }

  take(event: FollowEvent): void {
    if (!this.heard) stopWaiting(this.#context);
    this.heard = true;
    this.events += 1;
    if (event.kind === 'log') this.#log(event.text, event.offset);
    else if (event.kind === 'progress') this.#progress(event.lines, event.offset);
    else if (event.kind !== 'alive') this.ending ??= event;
  }

  #log(text: string, offset: number): void {
    const whole = text.endsWith('\n') ? text.slice(0, -1) : text;
    const lines = whole.split('\n').map(cleanLine);
    this.#remember(lines);
    this.#report(this.#within(lines), { ...this.mark, log: offset });
  }

  /** What of these lines is still to be shown; the first that is not is replaced by a word about it. */
  #within(lines: string[]): string[] {
    if (this.#lines > MAX_LINES) return [];
    const shown: string[] = [];
    for (const line of lines) {
      this.#lines += 1;
      this.#characters += line.length;
      if (this.#lines > MAX_LINES || this.#characters > MAX_CHARACTERS) {
        this.#lines = MAX_LINES + 1;
        shown.push('… The output is too long to be kept here; all of it is in the job’s log on the host.');
        break;
      }
      shown.push(line);
    }
    return shown;
  }

  /** The end of the output is what the job is judged by, however much of it there was. */
  #remember(lines: string[]): void {
    this.recent.push(...lines.slice(-TAIL_LINES));
    this.recent.splice(0, this.recent.length - TAIL_LINES);
  }

  #progress(lines: string[], offset: number): void {
    for (const line of lines) {
      const progress = this.#driver.progress(line);
      if (progress === null) continue;
      this.#progressed += 1;
      if (this.#progressed <= MAX_PROGRESS) this.#context.progress(progress);
    }
    this.#report([], { ...this.mark, progress: offset });
  }

  #report(lines: string[], mark: FollowMark): void {
    this.mark = mark;
    this.#context.output(lines, mark);
  }
}

const inspect = (context: StepContext, reached: Reached, token: string, deadline: number) =>
  untilReached(context, deadline, () => inspectOnce(context, reached, token));

/** What the host knows of a job. Errors: the transport's, `host.output-malformed`. */
export const inspectOnce = async (context: StepContext, { route }: Reached, token: string) => {
  const nonce = context.ports.random.hex(16);
  const output = await ask(context, route, context.tools.jobs.inspect({ nonce, token }));
  return output.ok ? context.tools.jobs.parseInspect(output.value, nonce) : output;
};

/** Asks the job to end before its next stage. */
export const stopJob = async (
  context: StepContext,
  { route }: Reached,
  token: string,
): Promise<Result<void>> => {
  const nonce = context.ports.random.hex(16);
  const output = await ask(context, route, context.tools.jobs.stop({ nonce, token }));
  return output.ok ? ok(undefined) : output;
};

/** The time is up. A job that is over is read to its end; one that still runs is asked to stop, and left: dpkg is never killed. */
const atDeadline = async (
  context: StepContext,
  reached: Reached,
  token: string,
  deadline: number,
): Promise<Lost | undefined> => {
  const state = await inspect(context, reached, token, deadline);
  if (!state.ok) return { kind: 'lost', error: state.error, contact: !isUnreachable(state.error) };
  if (state.value.state !== 'running') return undefined;
  await stopJob(context, reached, token);
  return {
    kind: 'lost',
    contact: true,
    error: frostError('host.timeout', 'The job on the host is still running after its time limit.', {
      host: reached.host.name,
      hint: 'It was asked to stop at the next safe point. Retry the host to look at it again.',
    }),
  };
};

/**
 * A host that has begun to answer says something every few seconds. One that falls silent on an open connection is given up
 * on, and asked anew; its job does not care.
 */
const watchSilence = (context: StepContext, reading: Reading, pace: AbortController): { end(): boolean } => {
  const over = new AbortController();
  let silenced = false;
  const watch = async (): Promise<void> => {
    for (;;) {
      const before = reading.events;
      if (!(await context.ports.clock.wait(SILENCE_SECONDS * 1000, over.signal))) return;
      if (reading.heard && reading.events === before) break;
    }
    silenced = true;
    pace.abort();
  };
  void watch();
  return {
    end: () => {
      over.abort();
      return silenced;
    },
  };
};

/** One connection's worth of following, from where the mark stands. `late`: the time is up, and it ends soon. */
const listen = async (
  context: StepContext,
  reached: Reached,
  o: { token: string; reading: Reading; late: () => boolean },
): Promise<{ output: Result<CommandOutput>; silenced: boolean }> => {
  const { reading, token } = o;
  const { jobs } = context.tools;
  const nonce = context.ports.random.hex(16);
  const reader = jobs.reader(nonce);
  const pace = new AbortController();
  let over = false;
  let defect: { cause: unknown } | undefined;
  reading.heard = false;
  const { mark } = reading;
  const spec = jobs.follow({ nonce, token, logOffset: mark.log, progressOffset: mark.progress });
  const quiet = watchSilence(context, reading, pace);
  const output = await ask(context, reached.route, spec, {
    signal: AbortSignal.any([context.signal, pace.signal]),
    onStdout: (chunk) => {
      // What a connection that was given up on still delivers would come twice.
      if (over) return;
      try {
        for (const event of reader.feed(chunk)) reading.take(event);
      } catch (error) {
        // Thrown here it would end the whole console; thrown by the step it ends this task.
        defect = { cause: error };
        pace.abort();
      }
      if (o.late()) pace.abort();
    },
  });
  over = true;
  const silenced = quiet.end();
  if (defect !== undefined) throw defect.cause;
  return { output, silenced };
};

/** Follows from where the task's mark stands. `deadline` in ms. */
export const follow = async (
  context: StepContext,
  reached: Reached,
  token: string,
  deadline: number,
): Promise<JobEnd> => {
  const { clock } = context.ports;
  const reading = new Reading(context, reached.driver);
  let known = false;
  const late = (): boolean => !known && clock.now() >= deadline;
  for (let [tries, fruitless] = [0, 0]; ; ) {
    const { output, silenced } = await listen(context, reached, { token, reading, late });
    const { ending } = reading;
    if (ending !== undefined) return endOf(ending, reading.recent);
    if (context.signal.aborted) return { kind: 'lost', error: cancelled, contact: false };
    if (late()) {
      known = true;
      const trouble = await atDeadline(context, reached, token, deadline);
      if (trouble !== undefined) return trouble;
      continue;
    }
    const away = silenced || (!output.ok && isUnreachable(output.error));
    fruitless = away || reading.heard ? 0 : fruitless + 1;
    if (fruitless >= FRUITLESS)
      return { kind: 'lost', contact: true, error: output.ok ? silent(reached.host.name) : output.error };
    tries = reading.heard ? 1 : tries + 1;
    if (!(await waitToReconnect(context, tries, deadline)))
      return { kind: 'lost', contact: false, error: output.ok ? silent(reached.host.name) : output.error };
  }
};

const cancelled = frostError('cancelled', 'Ended while the job was followed.');

const silent = (host: string): FrostError =>
  frostError('host.output-malformed', 'The host answers, but does not tell how its job stands.', { host });

const endOf = (ending: Ending, recent: readonly string[]): JobEnd => {
  if (ending.kind === 'exit') return { kind: 'exit', code: ending.code, logTail: recent.join('\n') };
  if (ending.kind === 'died') return { kind: 'died', reason: ending.reason };
  return {
    kind: 'lost',
    contact: true,
    error: frostError('host.job-lost', 'The job that was started is no longer on the host.', {
      hint: 'Somebody removed its folder, or the disk was put back. Look at the host.',
    }),
  };
};

/** A host that is known to have run a job, or not. */
export const jobState = async (
  context: StepContext,
  reached: Reached,
  token: string,
  deadline: number,
): Promise<Result<'absent' | 'there' | 'running'>> => {
  const state = await inspect(context, reached, token, deadline);
  if (!state.ok) return fail(state.error.code, state.error.message, { host: reached.host.name });
  if (state.value.state === 'absent' || state.value.state === 'running') return ok(state.value.state);
  return ok('there');
};
