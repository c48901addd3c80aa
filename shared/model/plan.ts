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

/** As the admin writes them; every one has a default. */
export const RunParameters = z.object({
  concurrency: Amount.default('10'),
  maxFailures: MaxFailures.default('30%'),
  /** Lets unreachable hosts not count as failures. */
  ignoreUnreachable: z.boolean().default(false),
  onFailure: OnFailure.default('rollback-host'),
  reboot: RebootPolicy.default('never'),
  /** Limit for a host's whole mutation. */
  timeout: Duration.default('2h'),
  /** How long to wait for another process to give up the package manager's lock. */
  lockTimeout: Duration.default('5m'),
  /** Refuse hosts whose rollback is not proven. */
  requireProof: z.boolean().default(false),
});
export type RunParameters = z.infer<typeof RunParameters>;

/** The concrete numbers the parameters result in for this many targets. */
export const ResolvedParameters = RunParameters.extend({
  targets: z.int().min(0),
  /** Never more tasks than this are active at once, rollbacks included. */
  concurrency: z.int().min(1),
  /** The run aborts when this many hosts have failed; null: never. */
  abortsAtFailure: z.int().min(1).nullable(),
  timeoutSeconds: z.int(),
  lockTimeoutSeconds: z.int(),
});
export type ResolvedParameters = z.infer<typeof ResolvedParameters>;

/** `stage`: the stage it belongs to. `dependency`: not an entry of the snapshot, comes in because an entry needs it. */
export const PlanAction = z.object({
  action: z.enum(['install', 'upgrade', 'downgrade', 'remove']),
  name: PackageName,
  arch: Arch,
  from: PackageVersion.optional(),
  to: PackageVersion.optional(),
  stage: z.int(),
  dependency: z.boolean(),
  origin: Text(300).optional(),
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
