/** What every driver's jobs say of themselves: exit codes, lines of the progress file, and the error a failed job amounts to. */
import { type ErrorCode, type FrostError, frostError } from '../../../shared/errors.ts';
import { PackageName } from '../../../shared/model/primitives.ts';
import type { JobProgress } from './driver.ts';
import { plainLine } from './shell.ts';

/** Exit codes of apply and rollback jobs; a job killed by a signal ends above 128. */
export const EXIT = {
  done: 0,
  /** A defect of the job itself, or a host it cannot work on. */
  broke: 9,
  /** Packages of a stage are not in the state wanted, whatever was tried to mend them. */
  stageFailed: 10,
  lockTimeout: 11,
  /** The stop file was found before a stage began. */
  stopped: 12,
  diskFull: 13,
  readOnly: 14,
  /** What the manager would do now is not what the plan showed. */
  drifted: 15,
  /** A package could not be fetched, or is not signed as it should be. */
  repository: 16,
  /** The stage's packages are in place, but a script of theirs failed. */
  scriptFailed: 17,
  /** Rollback: packages are not as captured. */
  notRestored: 20,
  /** Rollback: going back would change packages the task never touched. */
  wouldChangeOthers: 22,
  /** Rollback: an old package is neither on the host nor in a repository. */
  artefactMissing: 23,
} as const;

export type Meanings = Record<number, { code: ErrorCode; message: string; hint: string }>;

/** What the exit codes mean that all managers share. `clean` and `install`: its commands for freeing space and for a file. */
export const commonMeanings = (words: { manager: string; clean: string; install: string }): Meanings => ({
  [EXIT.stageFailed]: {
    code: 'host.not-applied',
    message: 'Packages could not be brought to the wanted state.',
    hint: 'Roll the host back, or put a version that works into the snapshot.',
  },
  [EXIT.lockTimeout]: {
    code: 'host.lock-held',
    message: "Another process kept the package manager's lock.",
    hint: 'Wait until it is done, or raise the lock timeout, then try again.',
  },
  [EXIT.stopped]: {
    code: 'cancelled',
    message: 'Stopped between stages, as asked.',
    hint: 'Earlier stages are in place; roll back to undo them.',
  },
  [EXIT.diskFull]: {
    code: 'host.disk-full',
    message: 'The host ran out of disk space.',
    hint: `Free space there (${words.clean} helps), then try again or roll back.`,
  },
  [EXIT.readOnly]: {
    code: 'host.read-only',
    message: 'A file system the packages need is read-only.',
    hint: 'Look at the host: it may be mounted so, or have remounted after a disk error.',
  },
  [EXIT.drifted]: {
    code: 'plan.drifted',
    message: `${words.manager} would now do something else than the plan showed, so nothing of that stage was done.`,
    hint: 'Make a new plan.',
  },
  [EXIT.notRestored]: {
    code: 'host.not-restored',
    message: 'Packages are not back in their captured state.',
    hint: 'Look at the output, mend the host by hand, then run the rollback again.',
  },
  [EXIT.wouldChangeOthers]: {
    code: 'host.not-restored',
    message: 'Going back would change packages the task never touched, so nothing was done.',
    hint: 'They were changed after the task; put them back first, or accept the host as it is.',
  },
  [EXIT.artefactMissing]: {
    code: 'host.not-restored',
    message: 'An old package is neither put aside on the host nor in a repository.',
    hint: `Bring its file to the host and install it with ${words.install}.`,
  },
});

/** Share of a stage that is downloading; what was staged before leaves little of it. */
const DOWNLOAD_SHARE = 0.1;

const PHASES: Record<string, string> = {
  checking: 'checking',
  applying: 'applying',
  recovering: 'recovering',
  restoring: 'restoring',
  marks: 'restoring marks',
  waited: 'checking',
  finished: 'finished',
};

const clamp = (n: number): number => Math.min(100, Math.max(0, n));

/** A line of the progress file without its head, and where in the whole job it stands. */
export type OwnLine = {
  /** Whether the line had a head. */
  headed: boolean;
  what: string;
  /** Percent of the job when `share` (0–1) of the present stage is done. */
  at(share: number): number;
  /** The same for `percent` of the stage's download, or of what follows it. */
  downloaded(percent: number): number;
  installed(percent: number): number;
};

/** Reads `frostline:<stage>:<stages>:<what>`; a line without that head is all `what`, of an only stage. */
export const readOwnLine = (line: string): OwnLine => {
  const [, i, n, rest] = /^frostline:(\d{1,4}):(\d{1,4}):(.*)$/.exec(line) ?? [];
  const stages = Math.max(1, Number(n ?? 1));
  const stage = Math.min(stages, Math.max(1, Number(i ?? 1)));
  const at = (share: number) => Math.round(clamp(((stage - 1 + share) / stages) * 100) * 10) / 10;
  return {
    headed: i !== undefined,
    what: rest ?? line,
    at,
    downloaded: (percent) => at((clamp(percent) / 100) * DOWNLOAD_SHARE),
    installed: (percent) => at(DOWNLOAD_SHARE + (clamp(percent) / 100) * (1 - DOWNLOAD_SHARE)),
  };
};

/**
 * `phase:<word>` and `wait:<holder>`, the same in every job; null: the line is about something else, or no such phase.
 * `late`: phases that come at a stage's end.
 */
export const readPhase = ({ what, at }: OwnLine, late: readonly string[]): JobProgress | null => {
  const [kind = '', word = ''] = what.split(':');
  if (kind === 'wait')
    return { phase: 'waiting', percent: at(0), waitingFor: plainLine(`lock held by ${what.slice(5)}`, 500) };
  // The word is the host's: `constructor` is a member of every object, and no phase.
  const phase = kind === 'phase' && Object.hasOwn(PHASES, word) ? PHASES[word] : undefined;
  if (phase === undefined) return null;
  return { phase, percent: word === 'finished' ? 100 : at(late.includes(word) ? 0.95 : 0) };
};

/** Names after the first colon of a verdict; what stands in brackets are states. */
export const namesIn = (verdict: string): string[] =>
  verdict
    .replace(/^[^:]*:/, '')
    .replace(/\([^)]*\)/g, ' ')
    .split(/\s+/)
    .filter((word) => PackageName.safeParse(word).success);

/** The error of a job that ended with `exitCode`. `details`: what it and packages' scripts said; empty ones are left out. */
export const jobError = (o: {
  kind: 'apply' | 'rollback';
  exitCode: number;
  meanings: Meanings;
  details: string[];
  names: string[];
}): FrostError => {
  const known = o.meanings[o.exitCode];
  const detail = o.details.filter((text) => text !== '').join(' · ');
  return frostError(
    known?.code ?? (o.kind === 'apply' ? 'host.not-applied' : 'host.not-restored'),
    `${known?.message ?? `The job ended with code ${o.exitCode}.`}${detail === '' ? '' : ` ${detail}`}`,
    {
      hint: known?.hint ?? 'Look at the output on the host, then try again or roll back.',
      ...(o.names.length === 0 ? {} : { packages: o.names }),
    },
  );
};
