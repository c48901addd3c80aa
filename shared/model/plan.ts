/** A plan: snapshot revision × hosts × parameters, simulated on the hosts by their own package manager. Its hash names it. */
import { z } from 'zod';
import { FrostError } from '../errors.ts';
import {
  Arch,
  ContentHash,
  HostName,
  Id,
  Instant,
  PackageName,
  PackageVersion,
  SnapshotName,
  Text,
} from './primitives.ts';
import { Facts } from './scan.ts';

/** `5` or `25%`. */
export const Amount = z.string().regex(/^(0|[1-9]\d{0,5})%?$/, 'a number or a percentage, e.g. 5 or 25%');
/** `2`, `10%` (of targets) or `10%-of-completed`. */
export const MaxFailures = z
  .string()
  .regex(/^((0|[1-9]\d{0,5})%?|(0|[1-9]\d?|100)%-of-completed)$/, 'a number, P% or P%-of-completed');
/** `90s`, `5m`, `2h`, `1d`. */
export const Duration = z.string().regex(/^[1-9]\d{0,6}(s|m|h|d)$/, 'a duration, e.g. 90s, 5m, 2h');

export const OnFailure = z.enum(['keep', 'rollback-host', 'rollback-run']);
export const RebootPolicy = z.enum(['never', 'if-required', 'always']);
export type RebootPolicy = z.infer<typeof RebootPolicy>;

/** What opens the next wave: the one before it at rest (`auto`), the admin (`manual`), or that long after the one before it came to rest. */
export const Gate = z.union([z.enum(['auto', 'manual']), Duration]);
/** A command line for a POSIX shell. */
export const CommandLine = z
  .string()
  .trim()
  .min(1)
  .max(4000)
  .refine((text) => !/[^\P{Cc}\t\n]/u.test(text), 'holds control characters');

/** As the admin writes them; every one has a default. */
export const RunParameters = z.object({
  concurrency: Amount.default('10'),
  /** 1, 2, 4 … hosts at once up to the concurrency, growing with every host that ends well. */
  slowStart: z.boolean().default(false),
  /** Cumulative: `1, 10%, 50%, 100%` reaches one host, then a tenth of the hosts that will be changed, and so on. Empty: one wave. */
  waves: z.array(Amount).max(50).default([]),
  gate: Gate.default('auto'),
  maxFailures: MaxFailures.default('30%'),
  /** With `P%-of-completed`: so many hosts must have completed before the percentage is looked at. */
  minCompleted: z.int().min(1).max(100_000).default(5),
  /** Lets unreachable hosts not count as failures. */
  ignoreUnreachable: z.boolean().default(false),
  onFailure: OnFailure.default('rollback-host'),
  reboot: RebootPolicy.default('never'),
  /** On the host, as root, once: before the packages are changed, and after they are in place. A failing one fails the task. */
  before: CommandLine.optional(),
  after: CommandLine.optional(),
  /** On the host, as root: exit 0 says that it is healthy. Tried again `probeRetries` times. */
  probe: CommandLine.optional(),
  probeRetries: z.int().min(0).max(1000).default(5),
  probeInterval: Duration.default('10s'),
  /** On this machine, every `abortIfInterval`: exit 0 ends the run early, 1 lets it go on; anything else cannot be read. */
  abortIf: CommandLine.optional(),
  abortIfInterval: Duration.default('30s'),
  abortIfUnreadable: z.enum(['abort', 'continue']).default('abort'),
  /** End of the window: a host that would not be done by then is not started, and at that moment the run ends. */
  until: Instant.optional(),
  /** Limit for a host's whole mutation. */
  timeout: Duration.default('2h'),
  /** Limit for each phase before it: simulating, capturing, staging. */
  prepareTimeout: Duration.default('1h'),
  rebootTimeout: Duration.default('15m'),
  hookTimeout: Duration.default('10m'),
  /** For one try. */
  probeTimeout: Duration.default('30s'),
  /** How long to wait for another process to give up the package manager's lock. */
  lockTimeout: Duration.default('5m'),
  /** How often a connection that failed or was lost is tried again, with growing pauses; never a mutation. */
  retries: z.int().min(0).max(20).default(2),
  /** Refuse hosts whose rollback is not proven. */
  requireProof: z.boolean().default(false),
});
export type RunParameters = z.infer<typeof RunParameters>;

export const ResolvedGate = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('auto') }),
  z.object({ kind: z.literal('manual') }),
  z.object({ kind: z.literal('soak'), seconds: z.int().min(1) }),
]);
export type ResolvedGate = z.infer<typeof ResolvedGate>;

/** The concrete numbers the parameters result in for this many targets. Plans of earlier versions lack the later ones. */
export const ResolvedParameters = RunParameters.extend({
  targets: z.int().min(0),
  /** Never more tasks than this are active at once, rollbacks included. */
  concurrency: z.int().min(1),
  /** How many of the hosts that will be changed are in each wave; one number: no waves. */
  waveSizes: z.array(z.int().min(1)).default([]),
  resolvedGate: ResolvedGate.default({ kind: 'auto' }),
  /** The run aborts when this many hosts have failed; null: never by a count. */
  abortsAtFailure: z.int().min(1).nullable(),
  /** The run aborts when more than `percent` of the completed hosts have failed, once `minCompleted` have. */
  abortsAtShare: z
    .object({ percent: z.number().min(0).max(100), minCompleted: z.int().min(1) })
    .nullable()
    .default(null),
  timeoutSeconds: z.int(),
  lockTimeoutSeconds: z.int(),
  prepareTimeoutSeconds: z.int().default(3600),
  rebootTimeoutSeconds: z.int().default(900),
  hookTimeoutSeconds: z.int().default(600),
  probeTimeoutSeconds: z.int().default(30),
  probeIntervalSeconds: z.int().default(10),
  abortIfSeconds: z.int().default(30),
});
export type ResolvedParameters = z.infer<typeof ResolvedParameters>;

/** The origin of what no repository of the host has, and the console brings. */
export const CONSOLE_ORIGIN = 'the console';

/**
 * `stage`: the stage it belongs to. `dependency`: not an entry of the snapshot, comes in because an entry needs it.
 * `exception`: a freeze lets it through by an exception.
 */
export const PlanAction = z.object({
  action: z.enum(['install', 'upgrade', 'downgrade', 'remove']),
  name: PackageName,
  arch: Arch,
  from: PackageVersion.optional(),
  to: PackageVersion.optional(),
  stage: z.int(),
  dependency: z.boolean(),
  origin: Text(300).optional(),
  exception: z.object({ reason: Text(2000), until: Instant, author: Text(200) }).optional(),
});
export type PlanAction = z.infer<typeof PlanAction>;

export const Proof = z.enum(['proven', 'best-effort', 'impossible']);
export type Proof = z.infer<typeof Proof>;

/** Where an old artefact is, or is to come from, in the order they are tried. */
export const ArtefactSource = z.enum(['host', 'console', 'repository', 'archive', 'repack', 'none']);
export type ArtefactSource = z.infer<typeof ArtefactSource>;

/** Whether a package's present version can be put back. `source` is absent for packages that are only removed again. */
export const ProofReason = z.object({
  package: PackageName.optional(),
  arch: Arch.optional(),
  /** The version to go back to. */
  version: PackageVersion.optional(),
  proof: Proof,
  source: ArtefactSource.optional(),
  reason: Text(1000),
});
export type ProofReason = z.infer<typeof ProofReason>;

export const Refusal = z.object({
  code: FrostError.shape.code,
  message: Text(2000),
  package: PackageName.optional(),
  /** Where more than one package is concerned: all that the plan would have touched. */
  packages: z.array(PackageName).max(2000).optional(),
});
/** The packages a refusal is about. */
export const packagesOf = (refusal: Refusal): string[] =>
  refusal.packages ?? (refusal.package === undefined ? [] : [refusal.package]);
export type Refusal = z.infer<typeof Refusal>;

export const SpaceNeed = z.object({
  /** To download. */
  download: z.number().nonnegative(),
  /** Change in installed size; negative frees. */
  disk: z.number(),
  /** Free where packages are installed (the tightest of the mounts concerned). */
  available: z.number().nonnegative(),
  /** Mounts that would not hold it. */
  short: z.array(z.object({ target: Text(1024), needed: z.number(), available: z.number() })),
});

export type SpaceNeed = z.infer<typeof SpaceNeed>;

/** `compliant`: nothing to do. `refused`: see refusals. `failed`: could not be planned, see error. */
export const HostPlanState = z.enum(['ready', 'compliant', 'refused', 'unreachable', 'failed']);

export const HostPlan = z.object({
  hostId: Id,
  host: HostName,
  state: HostPlanState,
  error: FrostError.optional(),
  actions: z.array(PlanAction).max(20_000),
  /** Entries that do not apply to this host, and why (`not installed`, `newer installed`, `rejected`, `other release`). */
  skipped: z.array(z.object({ name: PackageName, version: PackageVersion, reason: Text(300) })).max(20_000),
  proof: Proof,
  reasons: z.array(ProofReason).max(20_000),
  refusals: z.array(Refusal).max(20_000),
  bytes: SpaceNeed,
  /** The plan expects the host to want a reboot afterwards (kernel, libc, … or already pending). */
  reboot: z.boolean(),
  /** The wave it starts in, from 1; absent: it has nothing to do, and comes with the last. */
  wave: z.int().min(1).optional(),
  /** How long its task will take, from what past runs took; absent: nothing is known. */
  predictedSeconds: z.number().nonnegative().optional(),
  facts: Facts.pick({
    os: true,
    release: true,
    arch: true,
    manager: true,
    kernel: true,
    bootId: true,
  }).optional(),
});
export type HostPlan = z.infer<typeof HostPlan>;

export const Plan = z.object({
  id: Id,
  /** SHA-256 of the canonical JSON of what it will do: revision, parameters, actions per host. */
  hash: ContentHash,
  createdAt: Instant,
  snapshot: z.object({ name: SnapshotName, revision: z.int(), id: ContentHash }),
  selectors: z.array(z.string()),
  parameters: ResolvedParameters,
  hosts: z.array(HostPlan),
});
export type Plan = z.infer<typeof Plan>;
