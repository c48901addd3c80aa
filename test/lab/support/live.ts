/** A command that prints run events line by line, while it runs: what came, what is waited for, how it ended. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { FrostError } from '../../../shared/errors.ts';
import { FINAL_STATES, RunEvent, type TaskState } from '../../../shared/model/run.ts';

/** What is printed with `--json` instead of a document or events. */
export const ErrorDocument = z.object({ error: FrostError.omit({ retryable: true }) });
export type ToldError = z.infer<typeof ErrorDocument>['error'];

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

export class Live {
  readonly events: RunEvent[] = [];
  /** What was printed besides events: an error document. */
  readonly other: unknown[] = [];
  /** The command's exit code, once all it printed was read. */
  readonly ended: Promise<number>;
  readonly #what: string;
  readonly #child: ChildProcess;
  #stderr = '';
  #over = false;
  #waiting: (() => void)[] = [];

  constructor(child: ChildProcess, what: string) {
    this.#what = what;
    this.#child = child;
    const { stdout, stderr } = child;
    if (stdout === null || stderr === null) throw new Error(`${what}: no output to read`);
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    const lines = createInterface({ input: stdout });
    lines.on('line', (line) => {
      const value: unknown = JSON.parse(line);
      const event = RunEvent.safeParse(value);
      if (event.success) this.events.push(event.data);
      else this.other.push(value);
      this.#wake();
    });
    const read = new Promise<void>((done) => lines.once('close', () => done()));
    const exited = new Promise<number>((done) => child.once('close', (code) => done(code ?? -1)));
    this.ended = Promise.all([exited, read]).then(([code]) => {
      this.#over = true;
      this.#wake();
      return code;
    });
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** The run this is about. */
  get runId(): string {
    const id = this.events[0]?.run;
    if (id === undefined)
      throw new Error(`${this.#what}: no event\n${JSON.stringify(this.other)}\n${this.#stderr}`);
    return id;
  }

  /** The error that was printed instead of events, where one was. */
  get error(): ToldError | undefined {
    return this.other.map((value) => ErrorDocument.safeParse(value)).find((one) => one.success)?.data?.error;
  }

  /** The first event, past or to come, for which `is` holds. Throws when the command ends without one. */
  async event(name: string, is: (event: RunEvent) => boolean): Promise<RunEvent> {
    for (let looked = 0; ; ) {
      for (; looked < this.events.length; looked += 1) {
        const event = this.events[looked];
        if (event !== undefined && is(event)) return event;
      }
      if (this.#over)
        throw new Error(
          `${this.#what}: ended without ${name}\n${this.timeline().join('\n')}\n${JSON.stringify(this.other)}\n${this.#stderr}`,
        );
      await new Promise<void>((wake) => this.#waiting.push(wake));
    }
  }

  /** Waits until the host's task enters `state`. */
  async reaches(host: string, state: TaskState): Promise<Of<'task.state'>> {
    const found = await this.event(
      `${host} in state ${state}`,
      (event) => event.type === 'task.state' && event.host === host && event.to === state,
    );
    if (found.type !== 'task.state') throw new Error('not a state');
    return found;
  }

  /** Waits for an output line of the host's. */
  async prints(host: string, text: string): Promise<void> {
    await this.event(
      `"${text}" in the output of ${host}`,
      (event) => event.type === 'task.output' && event.host === host && event.line.includes(text),
    );
  }

  /** Waits until lab-slow's post-install script is at work on the host: apt is in the middle of it. */
  slowOn(host: string): Promise<void> {
    return this.prints(host, 'lab-slow: step 1 of');
  }

  of<T extends RunEvent['type']>(type: T): Of<T>[] {
    return this.events.filter((event): event is Of<T> => event.type === type);
  }

  get finished(): Of<'run.finished'> {
    const [finished] = this.of('run.finished').slice(-1);
    if (finished === undefined)
      throw new Error(`${this.#what}: did not finish\n${this.timeline().join('\n')}\n${this.#stderr}`);
    return finished;
  }

  /** The states a host's task went through, in order. */
  path(host: string): TaskState[] {
    return this.of('task.state')
      .filter((event) => event.host === host)
      .map((event) => event.to);
  }

  /** For a failed test's message. */
  timeline(): string[] {
    return this.events
      .filter((event) => event.type !== 'task.output' && event.type !== 'task.progress')
      .map((event) => JSON.stringify(event));
  }

  /** Detaches, as Ctrl-C does. */
  interrupt(): void {
    this.#child.kill('SIGINT');
  }
}

const isActive = (state: TaskState): boolean => state !== 'queued' && !FINAL_STATES.has(state);

/** How many tasks are at work after each event, rollbacks included: what the concurrency cap is about. */
export const activeAfterEach = (events: readonly RunEvent[]): number[] => {
  const active = new Set<string>();
  return events.map((event) => {
    if (event.type === 'task.state') {
      if (isActive(event.to)) active.add(event.host);
      else active.delete(event.host);
    }
    return active.size;
  });
};

export const mostActive = (events: readonly RunEvent[]): number => Math.max(0, ...activeAfterEach(events));

/** Numbers that are missing from a log's sequence, or come twice. */
export const gapsIn = (events: readonly RunEvent[]): number[] =>
  events
    .map((event) => event.seq)
    .filter((seq, index, all) => index > 0 && seq !== (all[index - 1] ?? 0) + 1);
