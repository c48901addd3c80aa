/** Follows a run's events: one JSON line each for programs, a live display for people. Survives the end of the host process. */
import { FrostFault, frostError } from '../../../shared/errors.ts';
import {
  FINAL_STATES,
  type Run,
  type RunEvent,
  type TaskState,
  type Verdict,
} from '../../../shared/model/run.ts';
import { type Context, unwrap } from './context.ts';
import { bar, elapsed, LiveLines, safe } from './terminal.ts';

const EXIT: Record<Verdict, number> = {
  success: 0,
  partial: 1,
  failed: 1,
  aborted: 1,
  'rolled-back': 1,
  refused: 3,
  unreachable: 4,
};

export type Asked = 'run' | 'rollback' | 'abort';

/** A run that was undone or aborted because it failed did not succeed; where that was asked for, it did what was asked. */
export const exitOfVerdict = (verdict: Verdict, asked: Asked): number =>
  asked === 'abort' || (asked === 'rollback' && verdict === 'rolled-back') ? 0 : EXIT[verdict];

const GIVE_UP_AFTER = 5;

type Wanted = { id: string; since: number; follow: boolean };

/** Yields events after `since`, without an end where they are followed; attaches again when the host process goes away. */
async function* eventsOf(context: Context, o: Wanted, signal: AbortSignal): AsyncGenerator<RunEvent> {
  const { id, follow } = o;
  let seen = o.since;
  let failures = 0;
  for (;;) {
    try {
      const client = await context.client(failures > 0);
      for await (const event of client.stream('runs.events', { id, since: seen, follow }, signal)) {
        failures = 0;
        seen = event.seq;
        yield event;
      }
      return;
    } catch (thrown) {
      if (signal.aborted) return;
      const lost = thrown instanceof FrostFault && thrown.error.code === 'process.unavailable';
      failures += 1;
      if (!lost || failures > GIVE_UP_AFTER) throw thrown;
      context.note('The host process ended; attaching again.');
    }
  }
}

export type WatchOptions = { id: string; since: number; asked: Asked };

export const watchRun = async (context: Context, o: WatchOptions): Promise<void> => {
  const abort = new AbortController();
  let detached = false;
  const detach = () => {
    detached = true;
    abort.abort();
  };
  process.once('SIGINT', detach);
  const display = context.json ? null : new Display(context);
  let verdict: Verdict | undefined;
  try {
    const before = await findRun(context, o.id);
    // A run at rest has told all there is. One that was rolled back or retried has finished more than once.
    const follow = before.state !== 'finished';
    if (!follow) verdict = before.verdict;
    for await (const event of eventsOf(context, { id: o.id, since: o.since, follow }, abort.signal)) {
      if (context.json) context.event(event);
      else display?.add(event);
      if (event.type === 'run.finished' && event.seq > before.seq) {
        verdict = event.verdict;
        break;
      }
    }
  } finally {
    process.removeListener('SIGINT', detach);
    display?.end();
  }
  if (detached) {
    throw new FrostFault(
      frostError('cancelled', `Detached; the run goes on.`, {
        hint: `Watch it again with: frostline runs watch ${o.id}`,
      }),
    );
  }
  if (verdict === undefined)
    throw new FrostFault(frostError('internal', 'The events of the run ended before the run did.'));
  context.exitCode = exitOfVerdict(verdict, o.asked);
};

const REPAINT_MS = 100;

/** Lines for hosts at work, a bar and counts below; on a plain stream one line per change of state. */
class Display {
  readonly #context: Context;
  readonly #lines = new LiveLines(process.stdout);
  readonly #states = new Map<string, TaskState>();
  readonly #doing = new Map<string, string>();
  #startedAt = Date.now();
  #paintedAt = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  add(event: RunEvent): void {
    const p = this.#context.paint;
    switch (event.type) {
      case 'run.started':
        this.#startedAt = Date.parse(event.at);
        for (const host of event.hosts) this.#states.set(host, 'queued');
        this.#print(
          `Run ${event.run}: ${safe(event.snapshot)} @${event.revision} on ${event.hosts.length} hosts`,
        );
        return;
      case 'task.state': {
        this.#states.set(event.host, event.to);
        this.#doing.delete(event.host);
        const why = event.error === undefined ? '' : `  ${safe(event.error.message)}`;
        if (FINAL_STATES.has(event.to) || !this.#lines.live)
          this.#print(`${event.host.padEnd(20)} ${colour(event.to, p)}${why}`);
        if (event.difference !== undefined && !event.difference.equal)
          this.#print(
            `${event.host.padEnd(20)} differs from its capture; see: frostline runs show ${event.run}`,
          );
        this.#paint(true);
        return;
      }
      case 'task.progress':
        this.#doing.set(
          event.host,
          event.waitingFor ?? `${event.phase} ${event.package ?? ''} ${Math.round(event.percent)} %`,
        );
        this.#paint(false);
        return;
      case 'task.output':
        return;
      case 'run.aborting':
        this.#print(p.red(`Aborting: ${safe(event.reason)}`));
        return;
      case 'run.rolling-back':
        this.#print(`Rolling back ${event.hosts.length} hosts`);
        return;
      case 'run.retrying':
        this.#print(`Trying ${event.hosts.length} hosts again`);
        return;
      case 'run.finished':
        this.#lines.clear();
        this.#print(
          `${p.bold(event.verdict)}: ${Object.entries(event.counts)
            .map(([state, n]) => `${n} ${state}`)
            .join(', ')}  (${elapsed(Date.parse(event.at) - this.#startedAt)})`,
        );
        return;
      case 'run.accepted':
        return;
    }
  }

  end(): void {
    this.#lines.clear();
  }

  #print(text: string): void {
    this.#lines.clear();
    process.stdout.write(`${text}\n`);
    this.#paint(true);
  }

  #paint(now: boolean): void {
    if (!this.#lines.live || (!now && Date.now() - this.#paintedAt < REPAINT_MS)) return;
    this.#paintedAt = Date.now();
    const all = [...this.#states.entries()];
    const done = all.filter(([, state]) => FINAL_STATES.has(state)).length;
    const active = all.filter(([, state]) => !FINAL_STATES.has(state) && state !== 'queued');
    this.#lines.show([
      ...active
        .slice(0, 15)
        .map(
          ([host, state]) =>
            `  ${host.padEnd(20)} ${state.padEnd(12)} ${safe(this.#doing.get(host) ?? '').slice(0, 60)}`,
        ),
      `${bar(done, all.length)} ${done}/${all.length} hosts, ${active.length} at work, ${elapsed(Date.now() - this.#startedAt)}`,
    ]);
  }
}

const colour = (state: TaskState, p: Context['paint']): string => {
  if (state === 'succeeded' || state === 'compliant') return p.green(state);
  if (
    state === 'failed' ||
    state === 'rollback-failed' ||
    state === 'unreachable' ||
    state === 'needs-attention' ||
    state === 'refused'
  )
    return p.red(state);
  return FINAL_STATES.has(state) ? p.yellow(state) : state;
};

/** A run by its id or the beginning of it. */
export const findRun = async (context: Context, id: string): Promise<Run> => {
  const client = await context.client();
  return unwrap(await client.call('runs.show', { id })).run;
};
