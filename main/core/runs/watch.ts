/**
 * What happens to a run without any host's doing: time that is due, and the abort probe. Nothing of it is stored: it follows
 * from the run's state, so a console that starts again takes it up by itself.
 */
import type { Clock, LocalProbe } from '../ports.ts';
import type { Input, RunModel } from './model.ts';
import { nextDue } from './waves.ts';

/** A laptop that slept, or whose clock was set, notices at the latest after this long. */
const LONGEST_WAIT_MS = 60_000;
/** A probe that takes longer than this, or than its own interval, tells nothing. */
const LONGEST_PROBE_MS = 300_000;
const SHORTEST_PROBE_MS = 10_000;

type Word = Extract<Input, { kind: 'tick' | 'probe' }>;

export const createWatch = (o: {
  clock: Clock;
  probe: LocalProbe;
  closing: AbortSignal;
  /** Takes what happened into the run; the run may be over by then. */
  tell(runId: string, input: Word): void;
  /** Keeps a promise in sight, so that closing waits for it. */
  track(work: Promise<void>): void;
}) => {
  const timers = new Map<string, { due: string; stop: AbortController }>();
  const probes = new Map<string, AbortController>();
  const now = (): string => new Date(o.clock.now()).toISOString();

  const untilDue = async (runId: string, due: string, stop: AbortController): Promise<void> => {
    const signal = AbortSignal.any([stop.signal, o.closing]);
    const at = Date.parse(due);
    while (o.clock.now() < at)
      if (!(await o.clock.wait(Math.min(at - o.clock.now(), LONGEST_WAIT_MS), signal))) return;
    if (signal.aborted) return;
    timers.delete(runId);
    o.tell(runId, { kind: 'tick', at: now() });
  };

  const ask = async (run: RunModel, stop: AbortController): Promise<void> => {
    const { abortIf = ':', abortIfSeconds } = run.parameters;
    const signal = AbortSignal.any([stop.signal, o.closing]);
    const timeoutMs = Math.min(LONGEST_PROBE_MS, Math.max(SHORTEST_PROBE_MS, abortIfSeconds * 1000));
    do {
      const said = await o.probe.run(abortIf, { timeoutMs, signal });
      if (signal.aborted) return;
      o.tell(run.runId, { kind: 'probe', at: now(), ...said });
    } while (await o.clock.wait(abortIfSeconds * 1000, signal));
  };

  const forgetTimer = (runId: string): void => {
    timers.get(runId)?.stop.abort();
    timers.delete(runId);
  };

  return {
    /** Told after every commit of a run, and when it is taken up again. */
    follow: (run: RunModel): void => {
      const due = nextDue(run);
      if (timers.get(run.runId)?.due !== due) {
        forgetTimer(run.runId);
        if (due !== null) {
          const stop = new AbortController();
          timers.set(run.runId, { due, stop });
          o.track(untilDue(run.runId, due, stop));
        }
      }
      const watched = run.state === 'running' && run.parameters.abortIf !== undefined;
      if (watched && !probes.has(run.runId)) {
        const stop = new AbortController();
        probes.set(run.runId, stop);
        o.track(ask(run, stop));
      } else if (!watched) {
        probes.get(run.runId)?.abort();
        probes.delete(run.runId);
      }
    },
  };
};
