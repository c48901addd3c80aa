/** Work on snapshot files that may have ten thousand revisions: others get their turn, it is told how far it is, and it can be stopped. */
import { FrostFault, fail, type Result } from '../../../shared/errors.ts';
import type { Revision } from '../../../shared/model/snapshot.ts';
import type { Ports } from '../ports.ts';
import { createTurns, type Turn } from '../turns.ts';

/** So much is done in one go, in characters of text gone through once. */
export const SLICE_CHARACTERS = 256 * 1024;
/** What is less is over before anybody could read what it is. */
const WORTH_TELLING = 4 * 1024 * 1024;

/**
 * `characters`: how much there is to go through, about. Where it was stopped (by `signal`, or where it is shown), the error is
 * `cancelled` with `stopped` as its message.
 */
export const longWork = async <T>(
  ports: Pick<Ports, 'clock' | 'activities'>,
  o: { label: string; characters: number; stopped: string; signal: AbortSignal | undefined },
  work: (turn: Turn) => Promise<Result<T>>,
): Promise<Result<T>> => {
  const activity =
    o.characters < WORTH_TELLING ? undefined : ports.activities.begin('import', `${o.label} (%)`, 100);
  const stop = AbortSignal.any([o.signal, activity?.signal].filter((signal) => signal !== undefined));
  const turn = createTurns(ports.clock, SLICE_CHARACTERS, stop);
  let [done, told] = [0, 0];
  try {
    return await work(async (units) => {
      done += units;
      await turn(units);
      const percent = Math.min(99, Math.floor((100 * done) / o.characters));
      if (percent > told) activity?.reached(percent, 100);
      told = Math.max(told, percent);
    });
  } catch (thrown) {
    if (thrown instanceof FrostFault && thrown.error.code === 'cancelled')
      return fail('cancelled', o.stopped);
    throw thrown;
  } finally {
    activity?.end();
  }
};

/** What reading one of a line's revisions costs, in characters gone through once. */
const READ = 2000;
const READ_ENTRY = 200;

/** A line's revisions, newest first, read in slices. Rejects with what a turn rejects with. */
export const revisionsInTurns = async (
  store: Ports['store'],
  lineId: string,
  turn: Turn,
): Promise<Revision[]> => {
  const all: Revision[] = [];
  for (const { id } of store.revisionIds(lineId)) {
    const revision = store.revision(id);
    if (revision === undefined) continue;
    all.push(revision);
    await turn(READ + READ_ENTRY * revision.content.entries.length);
  }
  return all;
};
