/** What a row of the fault matrix is: a fault, and what must come of it, in words that a test can hold it to. */
import type { ErrorCode } from '../../../shared/errors.ts';
import type { TaskState } from '../../../shared/model/run.ts';
import type { Flavour } from '../fleet/image.ts';
import type { Live } from '../support/live.ts';
import type { Case } from './case.ts';
import type { SideName } from './sides.ts';

export const GROUPS = [
  'The network between console and host',
  'The host and its power',
  'Memory and disks',
  'Locks and what was broken before',
  'The repository',
  'Packages',
  'Login, sudo and shells',
  'Output and surroundings',
  'Restarts',
] as const;
export type Group = (typeof GROUPS)[number];

/**
 * `old`: as before the run, versions, marks, holds, states and configuration files. `new`: every package of the snapshot in its
 * new version and well. `half`: at least one package of the snapshot left in the middle, which the host itself says. `mixed`: some
 * old, some new, none in the middle.
 */
export type PackageState = 'old' | 'new' | 'half' | 'mixed';

/**
 * `refused` here is the command that says no before there is a run; a task may end so, too.
 * `message` is what the admin reads, with HOST for the host's name and `…` for what differs from one time to another.
 */
export type Ending = {
  /** Exit code of the command. */
  readonly exit: 0 | 1 | 2 | 3 | 4;
  readonly state: TaskState | 'not started';
  readonly code?: ErrorCode;
  readonly message?: string;
  readonly packages: PackageState;
};

/** The next thing the admin does. `run`: the same run anew. */
export type Next = {
  readonly by: 'run' | 'retry' | 'rollback';
  /** In words, what was done about the fault before that; for the table. */
  readonly after?: string;
  readonly mend?: (c: Case, run: string) => Promise<void>;
  /** Of `run`, in place of the row's. */
  readonly options?: readonly string[];
  readonly exit?: 0 | 1 | 2 | 3 | 4;
  readonly state: TaskState | 'not started';
  readonly message?: string;
  readonly packages: PackageState;
};

export type Row = {
  /** Stable, unique: names the row in the table, and its test. */
  readonly id: string;
  readonly group: Group;
  /** The fault in words: starts a sentence of the table. */
  readonly fault: string;
  /** All managers where the manager has a part in the fault, else those that show it: each of them takes a host and its time. */
  readonly on: readonly SideName[];
  /** The kind of host; `plain` where it does not matter. */
  readonly flavour?: Flavour;
  /** Packages of the snapshot; default lab-plain. */
  readonly brings?: readonly string[];
  /** More options of `run`. */
  readonly options?: readonly string[];
  /** Takes a minute, most of it waiting: begun before the others. */
  readonly long?: boolean;
  /** The host is off when the run ends: its packages are looked at only after what comes next. */
  readonly offline?: boolean;
  /** Done to the host before the run. */
  readonly inject?: (c: Case) => Promise<void>;
  /** Done while the run is at work; the run is not awaited before it returns. */
  readonly during?: (c: Case, live: Live) => Promise<void>;
  /** What a task waiting for something shows meanwhile; a pattern as in `message`. */
  readonly shows?: string;
  readonly ends: Ending;
  /** Where the managers differ: this instead, for that one. */
  readonly differs?: Partial<Record<SideName, Partial<Ending>>>;
  /** More that must be true after the run. */
  readonly also?: (c: Case, live: Live) => Promise<void>;
  readonly next: Next;
  readonly nextDiffers?: Partial<Record<SideName, Partial<Next>>>;
};

export const endingOf = (row: Row, side: SideName): Ending => ({ ...row.ends, ...row.differs?.[side] });
export const nextOf = (row: Row, side: SideName): Next => ({ ...row.next, ...row.nextDiffers?.[side] });

/** Between two wordings of which either may come: which one the network decides. */
const OR = ' — or: ';

/** A pattern of the table as one that can be matched: HOST is the host's name, `…` is anything. */
export const patternOf = (text: string, host: string): RegExp => {
  const wordings = text.split(OR).map((wording) =>
    wording
      .split('…')
      .map((part) => part.replaceAll('HOST', host).replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('[\\s\\S]*'),
  );
  return new RegExp(`^(?:${wordings.join('|')})$`);
};
