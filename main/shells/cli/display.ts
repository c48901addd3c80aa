/** A run for people, event by event: on a terminal a live picture, on a plain stream a line for each change. */
import { FINAL_STATES, type Run, type RunEvent, type TaskState } from '../../../shared/model/run.ts';
import type { Context } from './context.ts';
import { failedHosts, gateText, rollbackStopped, type WaitingWave, waitingWave } from './runText.ts';
import { bar, count, elapsed, LiveLines, names, safe } from './terminal.ts';

const REPAINT_MS = 100;

/** Lines for hosts at work, a bar and counts below; on a plain stream one line per change of state. */
export class Display {
  readonly #context: Context;
  readonly #lines = new LiveLines(process.stdout);
  readonly #states = new Map<string, TaskState>();
  readonly #doing = new Map<string, string>();
  /** What the run as a whole waits for. */
  #gate = '';
  #startedAt = Date.now();
  #paintedAt = 0;

  readonly #output: boolean;

  /** `output`: what the hosts print is shown too. */
  constructor(context: Context, output: boolean) {
    this.#context = context;
    this.#output = output;
  }

  /** For a run that is joined in the middle: where it stands. */
  join(run: Run): void {
    this.#startedAt = Date.parse(run.startedAt);
    for (const task of run.tasks) this.#states.set(task.host, task.state);
    const next = waitingWave(run);
    if (next !== null) this.#waits(next);
  }

  add(event: RunEvent): void {
    const p = this.#context.paint;
    switch (event.type) {
      case 'run.started':
        this.#startedAt = Date.parse(event.at);
        for (const host of event.hosts) this.#states.set(host, 'queued');
        this.#print(
          `Run ${event.run}: ${safe(event.snapshot)} @${event.revision} on ${count(event.hosts.length, 'host')}`,
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
        if (this.#output) this.#print(p.dim(`${event.host.padEnd(20)} | ${safe(event.line)}`));
        return;
      case 'wave.started':
        this.#gate = '';
        this.#print(
          p.cyan(
            `Wave ${event.wave} of ${event.of}: ${count(event.hosts.length, 'host')} (${names(event.hosts)})`,
          ),
        );
        return;
      case 'wave.waiting':
        this.#waits(event);
        return;
      case 'run.aborting':
        this.#gate = '';
        this.#print(p.red(`Aborting: ${safe(event.reason)}`));
        for (const line of failedHosts(event.cause)) this.#print(`  ${line}`);
        return;
      case 'run.rollback-stopped':
        this.#print(p.red(rollbackStopped(event)));
        return;
      case 'run.rolling-back':
        this.#print(`Rolling back ${count(event.hosts.length, 'host')}`);
        return;
      case 'run.retrying':
        this.#print(`Trying ${count(event.hosts.length, 'host')} again`);
        return;
      case 'run.finished':
        this.#gate = '';
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

  #waits(wave: WaitingWave): void {
    this.#gate = `wave ${wave.wave} of ${wave.of} waits for its gate`;
    this.#print(this.#context.paint.yellow(gateText(wave)));
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
      ...(this.#gate === '' ? [] : [this.#gate]),
    ]);
  }
}

export const colour = (state: TaskState, p: Context['paint']): string => {
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
