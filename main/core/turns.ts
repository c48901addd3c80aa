/** Long work in slices, so that the host process answers others meanwhile, and so that it can be cancelled. */
import { FrostFault, frostError } from '../../shared/errors.ts';
import type { Clock } from './ports.ts';

/**
 * Counts work, in whatever unit its maker chose, and lets others have their turn after each slice of it. Rejects with
 * `cancelled` where the work was cancelled: whoever waits for a turn stops there.
 */
export type Turn = (units: number) => Promise<void>;

export const createTurns = (clock: Pick<Clock, 'wait'>, sliceUnits: number, signal?: AbortSignal): Turn => {
  let since = 0;
  return async (units) => {
    since += units;
    if (since < sliceUnits) return;
    since = 0;
    if (!(await clock.wait(0, signal)) || signal?.aborted === true)
      throw new FrostFault(frostError('cancelled', 'It was cancelled.'));
  };
};

/** Work that can be laid down: it yields how much it has done since it last did. */
export type Steps<T> = Generator<number, T>;

export const atOnce = <T>(steps: Steps<T>): T => {
  for (;;) {
    const next = steps.next();
    if (next.done === true) return next.value;
  }
};

export const inTurns = async <T>(steps: Steps<T>, turn: Turn): Promise<T> => {
  for (;;) {
    const next = steps.next();
    if (next.done === true) return next.value;
    await turn(next.value);
  }
};
