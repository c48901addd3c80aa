/**
 * A driver knows one package manager. It is pure: it writes scripts and reads their output; it performs no I/O, knows no
 * transport, and never puts a value into a script that has not passed the model's schemas *and* `quote`.
 *
 * Host output is hostile. Every script receives a `nonce` (hex, fresh per command) and marks its sections with it, so that
 * nothing a package or a user wrote can be taken for a section; every parser checks sizes and schemas.
 */
import type { Result } from '../../../shared/errors.ts';
import type { PlanAction, ProofReason, Refusal, SpaceNeed } from '../../../shared/model/plan.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import type { Capture, CaptureDifference } from '../../../shared/model/run.ts';
import type { Facts, InstalledPackage, Mount, Scan } from '../../../shared/model/scan.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import type { CommandOutput, CommandSpec } from '../ports.ts';
import type { GuardReading, GuardRequest } from './guard.ts';
import type { HostTransaction } from './history.ts';
import type { Location } from './locate.ts';
import type { PushedPackage } from './pushed.ts';

/** What a scan script's output says. Times are compared with `now` (ms) for the clock skew. */
export type ScanReading = Pick<Scan, 'unseen' | 'packages' | 'updates' | 'removals' | 'relations'> & {
  facts: Facts;
  /** Set when the reading is partial: what failed and why (the scan's state is then `partial`). */
  partial?: string;
};

/** The entries that apply to a host, by stage in ascending order; every version exact. */
export type StageRequest = { stage: number; packages: { name: string; arch: string; version: string }[] };

/** What simulating said: the transaction as the manager would do it, stage after stage. */
export type Simulation = {
  actions: PlanAction[];
  bytes: SpaceNeed;
  reboot: boolean;
  /** Per touched package: whether its present version can be had again, and from where. */
  proof: ProofReason[];
  /** Requests the manager cannot satisfy (`host.version-unavailable`, `host.dependency-conflict`), holds, broken packages. */
  refusals: Refusal[];
  /** Broken packages found, lock holder, mounts: readiness at this moment. */
  broken: Facts['broken'];
  lock: Facts['lock'];
  mounts: Mount[];
  bootId: string;
  /** Everything installed, for the freeze check and for what is not applicable. */
  installed: InstalledPackage[];
};

/** Old artefacts that are not on the host, but that the console has or can get, and brings there before the task. */
export type HeldArtefacts = (
  name: string,
  arch: string,
  version: string,
) => { source: 'console' | 'archive'; from: string } | undefined;

/** A host as it is now: everything installed, and whether it wants a restart. */
export type HostState = {
  packages: Capture['packages'];
  rebootRequired: boolean;
  rebootReasons: string[];
  bootId: string;
  /** `uname -r` of the running kernel, and of the one a restart should bring, where that can be told. */
  kernel: { running: string; expected?: string };
};

/** A detached job: `script` is what runs on the host as root, already complete. See core/runs/job.ts for how it is started and followed. */
export type JobScript = { script: string };

/** One line of a job's progress file. `percent` is of the whole job, 0–100. */
export type JobProgress = { phase: string; package?: string; percent: number; waitingFor?: string };

export interface PackageDriver {
  readonly id: Ecosystem;
  readonly capabilities: { rollback: boolean; securityClassification: boolean; stages: boolean };

  /** One round trip, unprivileged. `refresh` (needs root) reads the repositories' lists first. */
  scan(options: { nonce: string; refresh: boolean }): CommandSpec;
  parseScan(
    output: CommandOutput,
    context: { nonce: string; startedAt: number; finishedAt: number },
  ): Result<ScanReading>;

  /**
   * Which entries apply to what is installed, grouped by stage. An entry applies where its package is installed in an older
   * version (same arch when the entry names one); one that is not installed only allows, and pins, a dependency.
   */
  select(
    entries: Entry[],
    installed: InstalledPackage[],
  ): { stages: StageRequest[]; skipped: { name: string; version: string; reason: string }[] };

  /**
   * One round trip, unprivileged; touches no state but, with `refresh` (root), the repositories' lists. `pushed`: package files
   * that the console brought count as if a repository offered them (root, since they are root's).
   */
  simulate(options: {
    nonce: string;
    stages: StageRequest[];
    refresh: boolean;
    pushed?: readonly PushedPackage[];
  }): CommandSpec;
  parseSimulation(
    output: CommandOutput,
    context: {
      nonce: string;
      stages: StageRequest[];
      entries: Entry[];
      held?: HeldArtefacts;
      pushed?: readonly PushedPackage[];
    },
  ): Result<Simulation>;

  /** As root: records everything installed with marks and holds, and puts the old artefacts of `actions` aside under the token's folder. */
  capture(options: { nonce: string; token: string; actions: PlanAction[] }): CommandSpec;
  parseCapture(
    output: CommandOutput,
    context: { nonce: string },
  ): Result<Omit<Capture, 'runId' | 'hostId' | 'takenAt'>>;

  /**
   * The file name an artefact has in the folder `old` of a job. A file put there under this name before `capture` is taken
   * for the package, if it is that package and has its SHA-256, where one is known.
   */
  artefactFile(artefact: { name: string; arch: string; version: string }): string;

  /** How this manager's package files end; absent: files that the console brings cannot be installed. */
  readonly packageSuffix?: 'deb' | 'rpm';

  /**
   * Folders in which this manager keeps package files under the name `artefactFile` gives them, readable to all; patterns of
   * the shell may stand in them. Other hosts' caches are looked through for what a host lacks.
   */
  readonly artefactPlaces?: readonly string[];

  /** As root: downloads what the job will need, so that applying needs no network. Waits for the lock as long as told, in all. */
  stage(options: {
    nonce: string;
    stages: StageRequest[];
    lockTimeoutSeconds: number;
    pushed?: readonly PushedPackage[];
  }): CommandSpec;
  parseStage(output: CommandOutput, context: { nonce: string }): Result<{ downloadedBytes: number }>;

  /** Without root: where the manager would download from what it would install. Absent: it cannot tell. */
  locate?(options: { nonce: string; stages: StageRequest[] }): CommandSpec;
  parseLocations?(output: CommandOutput, context: { nonce: string }): Result<Location[]>;

  /**
   * Which of the repositories' own lists, as the host has them, name package files with these SHA-256. `root`: as root, where the
   * login account may not read them. Read by `parseMetadata` of metadata.ts. Absent: none are kept.
   */
  metadata?(options: { nonce: string; hashes: readonly string[]; root: boolean }): CommandSpec;

  /** Stages in order, one transaction each; waits for the lock and names its holder; on failure the recovery ladder. */
  applyJob(options: {
    stages: StageRequest[];
    actions: PlanAction[];
    lockTimeoutSeconds: number;
    pushed?: readonly PushedPackage[];
  }): JobScript;
  /** Brings the touched packages back to the capture: downgrade, reinstall, remove what was added, marks, holds. */
  rollbackJob(options: { capture: Capture; actions: PlanAction[]; lockTimeoutSeconds: number }): JobScript;
  /** Reads one line of the job's progress file; null: not one (hostile or unknown lines are ignored). */
  progress(line: string): JobProgress | null;
  /** What a job's exit code and the tail of its log mean; `ok` only when the job itself says it did all. */
  judgeJob(kind: 'apply' | 'rollback', exitCode: number, logTail: string): Result<void>;

  /**
   * As root or not: everything installed with marks, holds and states, and whether a restart is wanted (the host's own word,
   * or a newer installed kernel of the running one's flavour); for verifying and comparing.
   */
  verify(options: { nonce: string }): CommandSpec;
  parseVerify(output: CommandOutput, context: { nonce: string }): Result<HostState>;
  /** Pure: every package of the capture against now. */
  compare(capture: Capture, now: Capture['packages'], actions: PlanAction[]): CaptureDifference;

  /** As root: removes what `capture` put aside and the job folders of these tokens. */
  cleanUp(options: { nonce: string; tokens: string[] }): CommandSpec;

  /**
   * As root: makes the host itself refuse what is not listed, and pauses its own updaters. What was there before is put aside
   * first. Again with the same request: nothing changes. With another: that one counts from now on.
   */
  guard(options: { nonce: string; request: GuardRequest }): CommandSpec;
  /** As root: puts everything back as it was before the first `guard`, byte for byte. Nothing to do is well, too. */
  unguard(options: { nonce: string }): CommandSpec;
  /** Without root: what of a guard is there. */
  guardState(options: { nonce: string }): CommandSpec;
  /** Of all three. */
  parseGuard(output: CommandOutput, context: { nonce: string }): Result<GuardReading>;

  /** Without root: what the manager and its logs remember having done, as far back as they go within reason. */
  history(options: { nonce: string }): CommandSpec;
  parseHistory(output: CommandOutput, context: { nonce: string }): Result<HostTransaction[]>;

  /** Negative, zero, positive, in the manager's own order. */
  compareVersions(a: string, b: string): number;
}
