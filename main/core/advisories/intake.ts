/** Taking advisories in without letting others wait: written in slices, seen all at once. */
import { FrostFault } from '../../../shared/errors.ts';
import type { AdvisoryImport } from '../../../shared/model/advisory.ts';
import type { Ports } from '../ports.ts';
import { createTurns } from '../turns.ts';
import type { NewImport, StagedAdvisories } from './ports.ts';
import type { AdvisoryFile } from './read.ts';

/** So many rows are written, or removed, in one go: some hundredths of a second. */
const SLICE_ROWS = 1000;

type Watching = {
  signal?: AbortSignal;
  progress(done: number, total: number): void;
  /** They are seen from now on; what they replaced is still to be removed. */
  taken(): void;
};

/** Written, and not seen before `finish`. Rejects with `cancelled`, and with what the store throws; nothing is left of it then. */
export const stageAll = async (
  { store, clock }: Pick<Ports, 'store' | 'clock'>,
  made: NewImport,
  { advisories, whole }: Pick<AdvisoryFile, 'advisories' | 'whole'>,
  { signal, progress }: Pick<Watching, 'signal' | 'progress'>,
): Promise<Pick<StagedAdvisories, 'finish' | 'discard'>> => {
  const turn = createTurns(clock, SLICE_ROWS, signal);
  const staged = store.stageAdvisories(made, whole);
  try {
    let from = 0;
    let rows = 0;
    for (const [index, { cves, affected }] of advisories.entries()) {
      rows += 1 + cves.length + affected.length;
      if (rows < SLICE_ROWS && index < advisories.length - 1) continue;
      staged.add(advisories.slice(from, index + 1));
      from = index + 1;
      progress(from, advisories.length);
      await turn(rows);
      rows = 0;
    }
    return staged;
  } catch (thrown) {
    staged.discard();
    await tidy(store, clock);
    throw thrown;
  }
};

/** Rejects with `cancelled`, and with what the store throws; nothing is changed then. */
export const takeAllIn = async (
  ports: Pick<Ports, 'store' | 'clock'>,
  made: NewImport,
  file: Pick<AdvisoryFile, 'advisories' | 'whole'>,
  watching: Watching,
): Promise<AdvisoryImport> => {
  const staged = await stageAll(ports, made, file, watching);
  let imported: AdvisoryImport;
  try {
    imported = staged.finish();
  } catch (thrown) {
    staged.discard();
    await tidy(ports.store, ports.clock);
    throw thrown;
  }
  watching.taken();
  await tidy(ports.store, ports.clock);
  return imported;
};

/** Removes what is not seen any more. What cannot be removed now is not seen all the same, and is removed after the next import. */
export const tidy = async (store: Ports['store'], clock: Ports['clock']): Promise<void> => {
  try {
    while (store.sweepAdvisories(SLICE_ROWS)) await clock.wait(0);
  } catch (thrown) {
    // Where the store cannot be written, whoever writes to it next is told so.
    if (!(thrown instanceof FrostFault)) throw thrown;
  }
};
