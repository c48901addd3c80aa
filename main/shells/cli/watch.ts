/** Follows a run's events: one JSON line each for programs, a live display for people. Survives the end of the host process. */
import { FrostFault, frostError } from '../../../shared/errors.ts';
import type { Run, RunEvent, Verdict } from '../../../shared/model/run.ts';
import { type Context, unwrap } from './context.ts';
import { Display } from './display.ts';
import { onInterrupt } from './interrupt.ts';

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

/** `enough`: true for the event that ends what was asked for, where that comes before the run is at rest. */
export type WatchOptions = {
  id: string;
  since: number;
  asked: Asked;
  enough?: (event: RunEvent) => boolean;
  /** For people: what the hosts print as well. With `--json` it is among the events in any case. */
  output?: boolean;
};

/** Sets the exit code by the run's verdict; with `enough`, the rest of the run is none of the command's business and it stays 0. */
export const watchRun = async (context: Context, o: WatchOptions): Promise<void> => {
  const abort = new AbortController();
  let detached = false;
  const detach = () => {
    detached = true;
    abort.abort();
  };
  const done = onInterrupt(detach);
  const display = context.json ? null : new Display(context, o.output === true);
  let verdict: Verdict | undefined;
  try {
    const before = await findRun(context, o.id);
    // A run at rest has told all there is. One that was rolled back or retried has finished more than once.
    const follow = before.state !== 'finished';
    if (o.since > 0) display?.join(before);
    if (!follow) verdict = before.verdict;
    for await (const event of eventsOf(context, { id: o.id, since: o.since, follow }, abort.signal)) {
      if (context.json) context.event(event);
      else display?.add(event);
      if (event.type === 'run.finished' && event.seq > before.seq) {
        verdict = event.verdict;
        break;
      }
      if (o.enough?.(event) === true) return;
    }
  } finally {
    done();
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

/** A run by its id or the beginning of it. */
export const findRun = async (context: Context, id: string): Promise<Run> => {
  const client = await context.client();
  return unwrap(await client.call('runs.show', { id })).run;
};
