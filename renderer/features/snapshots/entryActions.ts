/** What can be done with entries of the grid, one or several at a time. */
import type { Entry } from '../../../shared/model/snapshot.ts';
import type { EntryKey } from './entries.ts';
import type { Finding } from './findings.ts';
import type { Place } from './rows.ts';

export type EntryActions = {
  move: (keys: ReadonlySet<EntryKey>, step: -1 | 1) => void;
  place: (keys: ReadonlySet<EntryKey>, place: Place) => void;
  decide: (keys: ReadonlySet<EntryKey>, decision: Entry['decision']) => void;
  stage: (keys: ReadonlySet<EntryKey>, stage: number) => void;
  pin: (keys: ReadonlySet<EntryKey>, pinned: boolean) => void;
  /** Makes the edits a finding offers. */
  fix: (finding: Finding) => void;
  remove: (keys: ReadonlySet<EntryKey>) => void;
  note: (entry: Entry) => void;
};
