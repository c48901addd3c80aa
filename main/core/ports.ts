/**
 * What the core needs from outside. Adapters implement these; the core knows nothing else. Nothing here names a technology.
 *
 * Store methods are synchronous and throw `FrostFault` when the store itself fails (full, damaged): every method is one
 * transaction, done whole or not at all.
 */
import type { Result } from '../../shared/errors.ts';
import type { AuditHead, AuditLine, AuditRecord } from '../../shared/model/audit.ts';
import type { StoredDrift } from '../../shared/model/drift.ts';
import type { StoredGuard } from '../../shared/model/guard.ts';
import type { Host, HostTrust } from '../../shared/model/host.ts';
import type { Plan } from '../../shared/model/plan.ts';
import type { Promotion } from '../../shared/model/promotion.ts';
import type { Capture, Run, RunEvent, RunSummary, Task } from '../../shared/model/run.ts';
import type { Facts, Scan, ScanSummary, Update } from '../../shared/model/scan.ts';
import type { Exception, Freeze, Revision } from '../../shared/model/snapshot.ts';
import type { AdvisoryStore } from './advisories/ports.ts';
import type { Archive, ArtefactIndex, Artefacts } from './artefacts/ports.ts';
import type { BundleFiles, BundleStore, Downloads } from './bundles/ports.ts';
import type { CatalogStore } from './catalog/ports.ts';
import type {
  FileCipher,
  SignatureStore,
  SignatureVerifier,
  SigningKeys,
  StoredSignature,
} from './exchange/ports.ts';
import type { RuleStore } from './rules/ports.ts';

export interface Clock {
  /** Milliseconds since 1970, wall clock. */
  now(): number;
  /** Resolves after `ms`, or early with `false` when the signal aborts. */
  wait(ms: number, signal?: AbortSignal): Promise<boolean>;
}

export interface Random {
  /** A new UUID. */
  id(): string;
  /** Hex digits, from a cryptographic source. */
  hex(bytes: number): string;
}

export interface Hasher {
  /** Lower-case hex of the SHA-256 of the UTF-8 bytes. */
  sha256(text: string): string;
}

export interface Log {
  /** `fields` hold no secret and no host output. */
  write(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void;
}

/** A POSIX sh script for a host. It travels on stdin of a shell, never in argv. */
export type CommandSpec = {
  script: string;
  /** Run as root by the host's sudo mode. */
  root: boolean;
  /** Whole command, milliseconds. Streaming commands (a job being followed) set it high and rely on keep-alive. */
  timeoutMs: number;
  /** stdout and stderr together; more ends the command with `host.output-too-large`. */
  maxOutputBytes: number;
};

export type CommandOutput = {
  /** UTF-8, invalid bytes replaced. Empty where `onStdout` was given. */
  stdout: string;
  stderr: string;
  /** The script's exit code; signals appear as 128 + n. */
  exitCode: number;
};

/** A host and the hosts to go through, nearest to the console last. */
export type Route = { host: Host; via: Host[] };

export type RunOptions = {
  signal?: AbortSignal;
  /** Receives stdout as it comes, whole chunks in order; the result's `stdout` is then empty and not limited by size. */
  onStdout?: (chunk: Uint8Array) => void;
};

/**
 * Carries commands to a host. Connections are kept and reused; a broken one is noticed and not handed out again.
 * Errors: `host.unreachable|timeout|connection-lost|auth-failed|no-common-algorithm|key-unknown|key-changed|key-revoked|key-file`,
 * `host.no-root|sudo-password|sudo-refused`, `host.busy` (opens no session), `host.command-failed` (the account has no shell),
 * `host.output-too-large`, `vault.locked|unavailable`, `cancelled`. A script that ran and exited non-zero is a value, not an error.
 */
export interface Transport {
  run(route: Route, spec: CommandSpec, options?: RunOptions): Promise<Result<CommandOutput>>;
  /** Asks for the host's key without logging in; judges it by the trust store. Never changes trust. */
  probeKey(route: Route, signal?: AbortSignal): Promise<Result<HostTrust & { publicKey?: string }>>;
  /** Ends kept connections of one host, or all. */
  release(hostId?: string): void;
}

/** Host keys the admin has accepted, by the name and port they were met under. `publicKey` is base64 as in known_hosts. */
export type TrustedKey = {
  address: string;
  port: number;
  keyType: string;
  publicKey: string;
  fingerprint: string;
  addedAt: string;
};

/** Addresses are compared without regard to case. */
export interface TrustStore {
  trustedKeys(address: string, port: number): TrustedKey[];
  addTrustedKey(key: TrustedKey): void;
  removeTrustedKeys(address: string, port: number): void;
}

export type SecretName = `host/${string}/${'password' | 'sudoPassword' | 'keyPassphrase'}`;

/** Where secrets live. Errors: `vault.locked`, `vault.wrong-passphrase`, `vault.unavailable`. */
export interface Vault {
  state(): 'absent' | 'locked' | 'unlocked';
  kind: 'keychain' | 'passphrase';
  /** Creates the vault when absent, opens it when locked. */
  unlock(passphrase: string): Promise<Result<void>>;
  lock(): void;
  get(name: SecretName): Promise<Result<string | undefined>>;
  put(name: SecretName, secret: string): Promise<Result<void>>;
  /** Works on a locked vault too. */
  remove(name: SecretName): Promise<Result<void>>;
}

export type StoredFreeze = {
  lineId: string;
  snapshot: string;
  revisionId: string;
  revision: number;
  freeze: Freeze;
  /** Hosts the selector matched when it was frozen; those that match now are added when it is judged. */
  hostIds: string[];
  /** Of the newest revision that continues it. */
  exceptions?: Exception[];
  thawed?: { at: string; reason: string };
};

export type SnapshotLine = { id: string; name: string; headId: string; revisions: number; updatedAt: string };

/** What the runner commits in one transaction: the new state, what happened, and what is still to be done because of it. */
export type RunCommit = {
  run: Run;
  /** The reducer's whole state, JSON. */
  state: unknown;
  events: RunEvent[];
  addEffects: PendingEffect[];
  doneEffects: string[];
  captures?: Capture[];
  /** Hosts (ids) whose task differs from the last commit; absent: all may. A store that keeps tasks apart writes only these. */
  changedTasks?: string[];
};

/** Something the runner owes the world. Kept until done, so that a killed process finds it again. */
export type PendingEffect = { id: string; kind: string; hostId?: string; payload: unknown };

export type StoredRun = { run: Run; state: unknown; effects: PendingEffect[] };

/** Names are unique without regard to case: a second one throws `already-exists`. */
export interface HostStore {
  /** By name. */
  hosts(): Host[];
  host(id: string): Host | undefined;
  /** Without regard to case. */
  hostByName(name: string): Host | undefined;
  putHost(host: Host): void;
  /** All or none; names may change places among them. */
  putHosts(hosts: Host[]): void;
  /** Its runs and scan summaries stay; its scans' lists go. */
  removeHost(id: string): void;
}

export interface ScanStore {
  /** Scans are kept for ever, their lists for the latest of each host only. The order is that of storing. What a good one saw goes to the catalogue. */
  putScan(scan: Scan): void;
  latestScan(hostId: string): Scan | undefined;
  /** The latest with state `ok` or `partial`. */
  lastGoodScan(hostId: string): Scan | undefined;
  /** The updates of the last good scan, without reading its packages. */
  lastGoodUpdates(hostId: string): Update[] | undefined;
  /** What is known of a host, without reading any list. */
  lastGoodSummary(hostId: string): ScanSummary | undefined;
  /** The id of the last good scan of every host there is that has one, without reading any of them. */
  lastGoodScanIds(): Map<string, string>;
  /** Newest first, without lists. */
  scanHistory(hostId: string, limit: number): ScanSummary[];
  /** Latest and last good summary of every host there is, in one query. */
  scanSummaries(): Map<string, ScanSummaries>;
  /** Of one host that was scanned. */
  summariesOf(hostId: string): ScanSummaries | undefined;
  /**
   * For going through a whole fleet: reads of the last good scan of each host the packages of these names alone. Hosts with equal
   * lists share what was read of them, as long as there are few enough of them.
   */
  excerpts(names: ReadonlySet<string>): (hostId: string) => ScanExcerpt | undefined;
}
export type ScanSummaries = { latest: ScanSummary; lastGood?: ScanSummary };
/** `has`: a package of any name is installed. */
export type ScanExcerpt = Pick<Scan, 'packages' | 'updates'> & {
  facts: Facts;
  has(name: string): boolean;
};

/** `canonical`: the canonical JSON of the content, where somebody had to make it already. Its hash is the id. */
export type WrittenRevision = Revision & { canonical: string };

export interface SnapshotStore {
  lines(): SnapshotLine[];
  line(idOrName: string): SnapshotLine | undefined;
  revision(id: string): Revision | undefined;
  /** Those of the ids that are here. */
  present(ids: readonly string[]): Set<string>;
  /** Newest first. */
  revisions(lineId: string): Revision[];
  /** The same, without reading them. */
  revisionIds(lineId: string): { id: string; number: number }[];
  /**
   * Adds revisions (already there: left alone) and moves the line's head in one transaction; creates the line when new.
   * `expectHead` given and not the present head (`null`: there must be no such line): nothing is done and false is returned.
   * `signatures`: as `putSignatures`.
   */
  putRevisions(
    revisions: (Revision | WrittenRevision)[],
    head: { lineId: string; name: string; revisionId: string; expectHead?: string | null },
    freezes: StoredFreeze[],
    signatures?: StoredSignature[],
  ): boolean;
  freezes(): StoredFreeze[];
  thaw(
    revisionId: string,
    thawed: { at: string; reason: string },
    revision: Revision,
    head: { lineId: string; name: string },
  ): void;
  removeLine(lineId: string): void;
}

/** Promotions go with their revision, when its line is removed. */
export interface PromotionStore {
  /** Oldest first. */
  promotions(revisionId: string): Promotion[];
  putPromotion(promotion: Promotion): void;
}

export type PlanSummary = Omit<Plan, 'hosts'> & { hostCount: number };

/**
 * A commit's events continue the stored ones without a gap, and `run.seq` is the last of them; anything else throws, as does
 * a run that is there (create) or is not (commit). Events are never changed or removed.
 */
export interface RunStore {
  putPlan(plan: Plan): void;
  plan(id: string): Plan | undefined;
  /** Newest first. */
  plans(limit: number): Plan[];
  /** Newest first, without reading what stands under each host. */
  planSummaries(limit: number): PlanSummary[];
  createRun(commit: RunCommit): void;
  commitRun(commit: RunCommit): void;
  run(id: string): StoredRun | undefined;
  /** Newest first. */
  runs(limit: number): RunSummary[];
  /** Runs that are not finished or still owe an effect, oldest first. */
  unfinishedRuns(): StoredRun[];
  /** Events with seq > since, ascending. */
  events(runId: string, since: number, limit: number): RunEvent[];
  /** The last lines of the host's output, oldest first. */
  outputLines(runId: string, host: string, limit: number): string[];
  capture(runId: string, hostId: string): Capture | undefined;
  /** What the newest runs of a host did there, newest first; also of runs that are not over. */
  tasksOf(hostId: string, limit: number): { runId: string; task: Task }[];
  /** Seconds that tasks which succeeded took, by host, newest first: of the last `runs` runs. */
  taskSeconds(runs: number): Map<string, number[]>;
  markAccepted(runId: string, at: string): void;
}

export interface SettingStore {
  setting(key: string): string | undefined;
  putSetting(key: string, value: string | null): void;
}

/** One guard for a host at most; those of removed hosts may still be there. */
export interface GuardStore {
  guards(): StoredGuard[];
  putGuard(guard: StoredGuard): void;
  removeGuard(hostId: string): void;
}

/** What each host is compared with, and how it differed. */
export interface DriftStore {
  drift(hostId: string): StoredDrift | undefined;
  putDrift(drift: StoredDrift): void;
}

export interface AuditStore {
  /** Numbers it, chains it to the newest line and stores it, in one transaction. Returns its number. */
  appendAudit(record: AuditRecord): number;
  /** Newest first. `before`: only lines with a lower number. `search`: without regard to case, in the whole line. */
  audit(o: { limit: number; before?: number | undefined; search?: string | undefined }): AuditLine[];
  /** Lines as they were written, for whoever checks them: numbers above `after`, ascending. */
  auditTexts(after: number, limit: number): { seq: number; text: string }[];
  auditHead(): AuditHead;
}

export interface Store
  extends HostStore,
    ScanStore,
    SnapshotStore,
    SignatureStore,
    PromotionStore,
    RunStore,
    GuardStore,
    DriftStore,
    SettingStore,
    AuditStore,
    TrustStore,
    ArtefactIndex,
    CatalogStore,
    BundleStore,
    RuleStore,
    AdvisoryStore {
  /** Everything that `work` changes in one transaction: where it throws, nothing of it is changed. What it reads is so until its end. */
  atomically<T>(work: () => T): T;
  close(): void;
}

/**
 * Runs a command of the admin's on this machine, to learn whether a run must end. `met`: exit 0; `clear`: exit 1; anything
 * else, a command that cannot be started or takes longer than `timeoutMs` is `unreadable`. `detail`: its last words. Never throws.
 */
export interface LocalProbe {
  run(
    command: string,
    o: { timeoutMs: number; signal: AbortSignal },
  ): Promise<{ result: 'met' | 'clear' | 'unreadable'; detail: string }>;
}

/** Tells windows what to read again; see shared/contract/system.ts. */
export interface Changes {
  announce(change: ChangeNote): void;
}
export type ChangeNote =
  | { type: 'hosts' | 'snapshots' | 'rules' | 'advisories' | 'vault' | 'demo' }
  | { type: 'scan' | 'guards' | 'drift'; hostId: string }
  | { type: 'runs'; runId: string };

/** Follows a long command for `system.activity`; `signal` aborts when the admin cancels it. */
export interface Activities {
  begin(kind: 'scan' | 'plan' | 'bundle' | 'import', label: string, total: number): ActivityHandle;
}
export interface ActivityHandle {
  readonly signal: AbortSignal;
  started(host: string): void;
  finished(host: string, failed: boolean): void;
  /** So much more is to be done than was known when it began. */
  more(steps: number): void;
  /** What goes by numbers and not by names: so many are done of so many, and what is being done, where that is new. */
  reached(done: number, total: number, label?: string): void;
  /** Bytes that arrived or were written, since the last time. */
  moved(bytes: number): void;
  end(): void;
}

export type Ports = {
  clock: Clock;
  random: Random;
  hasher: Hasher;
  log: Log;
  store: Store;
  vault: Vault;
  transport: Transport;
  /** Old artefacts kept on this machine, and where else they can be had. */
  artefacts: Artefacts;
  archive: Archive;
  bundles: BundleFiles;
  /** Package files over this machine's own connection; only where the admin asks for it. */
  downloads: Downloads;
  changes: Changes;
  activities: Activities;
  probe: LocalProbe;
  verifier: SignatureVerifier;
  signingKeys: SigningKeys;
  cipher: FileCipher;
  /** Default author of revisions and actor of runs. */
  user: string;
};
