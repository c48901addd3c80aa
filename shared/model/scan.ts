/** What a scan read from a host. A failed or partial scan is a value with its cause, never an empty list. */
import { z } from 'zod';
import { FrostError } from '../errors.ts';
import {
  Arch,
  Classification,
  Ecosystem,
  HostName,
  Id,
  Instant,
  PackageName,
  PackageVersion,
  Severity,
  Text,
} from './primitives.ts';

export const Mount = z.object({
  target: Text(1024),
  availableBytes: z.number().nonnegative(),
  readOnly: z.boolean(),
});
export type Mount = z.infer<typeof Mount>;

export const Facts = z.object({
  hostname: Text(255),
  /** os-release ID: `debian`, `ubuntu`, `rhel`… */
  os: Text(64),
  osName: Text(255),
  /** os-release VERSION_ID or codename: `12`, `24.04`. */
  release: Text(64),
  codename: Text(64).optional(),
  arch: Arch,
  /** Running kernel release, `uname -r`. */
  kernel: Text(255),
  /** Newest installed kernel of the same flavour, where it can be told. */
  newestKernel: Text(255).optional(),
  bootId: Text(64),
  bootedAt: Instant.optional(),
  /** Host clock minus console clock. */
  clockSkewSeconds: z.number(),
  manager: Ecosystem,
  managerVersion: Text(255).optional(),
  mounts: z.array(Mount).max(500),
  /** `held` names what holds the package manager's lock, e.g. `pid 812 (apt-get upgrade)`. */
  lock: z.object({ held: z.boolean(), holder: Text(500).optional() }),
  /** Packages in a broken or half-configured state, as the manager's own audit says. */
  broken: z.array(z.object({ name: PackageName, state: Text(200) })).max(2000),
  rebootRequired: z.boolean(),
  rebootReasons: z.array(Text(300)).max(500),
  /** Services that still run on replaced files; absent where it cannot be told. */
  servicesToRestart: z.array(Text(300)).max(2000).optional(),
  failedUnits: z.array(Text(300)).max(2000),
  /** The host's own updaters that are on: `unattended-upgrades`, `apt-daily-upgrade.timer`… */
  autoUpdaters: z.array(Text(300)).max(50),
  /** What the account may do: `root` (is root), `sudo` (passwordless works), `unknown`, `none`. */
  privilege: z.enum(['root', 'sudo', 'unknown', 'none']),
  /** When the host last read its repositories' lists; absent: never. */
  listsUpdatedAt: Instant.optional(),
});
export type Facts = z.infer<typeof Facts>;

export const InstalledPackage = z.object({
  name: PackageName,
  arch: Arch,
  version: PackageVersion,
  source: PackageName,
  sourceVersion: PackageVersion,
  /** Installed because something depends on it, not because somebody asked. */
  auto: z.boolean(),
  held: z.boolean(),
  /** dpkg: `ii`, `iF`, `iU`, `rc`…; only states other than well installed are kept here. */
  brokenState: Text(16).optional(),
});
export type InstalledPackage = z.infer<typeof InstalledPackage>;

export const BlockReason = z.enum([
  'held',
  'phased',
  'kept-back',
  'needs-new-packages',
  'removes-packages',
  'vendor-change',
]);
export type BlockReason = z.infer<typeof BlockReason>;

/** A candidate version for a package. `from` is null for a package that comes in only because an update needs it. */
export const Update = z.object({
  name: PackageName,
  arch: Arch,
  from: PackageVersion.nullable(),
  to: PackageVersion,
  /** Repository origin and suite as the manager prints them, e.g. `Debian-Security:12/stable-security`. */
  origin: Text(300),
  severity: Severity,
  classification: Classification,
  advisories: z.array(Text(100)).max(200),
  sizeBytes: z.number().nonnegative().optional(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** Why a plain upgrade would not install it. */
  blocked: BlockReason.optional(),
});
export type Update = z.infer<typeof Update>;

/** How versions are compared: `<` older than, `=` exactly. RPM's and dpkg's own words (`<<`, `>=`…) come down to these. */
export const RelationOp = z.enum(['<', '<=', '=', '>=', '>']);
export type RelationOp = z.infer<typeof RelationOp>;

/** A package, in any version where `op` is absent. What nothing on the host has or is offered may be no package's name. */
export const Relation = z.strictObject({
  name: Text(300),
  op: RelationOp.optional(),
  version: PackageVersion.optional(),
});
export type Relation = z.infer<typeof Relation>;

/**
 * What one package version asks of the others, as far as this host's updates bear on it: needs that what stays installed here
 * meets anyway, and conflicts with nothing that is or could be here, are left out. Virtual packages, sonames and files stand
 * as the packages that provide them.
 */
export const PackageRelations = z.strictObject({
  name: PackageName,
  arch: Arch,
  version: PackageVersion,
  /** Of a package as it is installed, not of an update: what an update must not take away from it. */
  installed: z.boolean(),
  /** Each one is met by any of its alternatives. */
  requires: z.array(z.array(Relation).min(1).max(50)).max(500),
  /** May not be there in these versions (Conflicts, Breaks). */
  conflicts: z.array(Relation).max(500),
  /** Takes their place: they go when it comes (Obsoletes; Conflicts with Replaces). */
  replaces: z.array(Relation).max(500),
});
export type PackageRelations = z.infer<typeof PackageRelations>;

export const ScanState = z.enum(['ok', 'partial', 'failed']);

/** One scan of one host. `facts`, `packages` and `updates` are there unless the state is `failed`. */
export const Scan = z.object({
  id: Id,
  hostId: Id,
  host: HostName,
  startedAt: Instant,
  finishedAt: Instant,
  state: ScanState,
  /** Why it failed, or what is missing from a partial one. */
  error: FrostError.optional(),
  /** What could not be seen without root. */
  unseen: z.array(Text(300)).max(50),
  facts: Facts.optional(),
  packages: z.array(InstalledPackage).max(100_000),
  updates: z.array(Update).max(100_000),
  /** Packages the updates would remove. */
  removals: z.array(z.object({ name: PackageName, arch: Arch, version: PackageVersion })).max(10_000),
  /** Of the updates, and of installed packages that updates bear on. Absent: not read (an older scan, or a host that could not tell). */
  relations: z.array(PackageRelations).max(100_000).optional(),
});
export type Scan = z.infer<typeof Scan>;

/** A scan as a command answers with it: packages as a count and no relations, since thousands of hosts times thousands of packages fit no message. */
export const ScanReport = Scan.omit({ packages: true, relations: true }).extend({ packageCount: z.int() });
export type ScanReport = z.infer<typeof ScanReport>;

/** A scan without its lists: what the fleet table needs. */
export const ScanSummary = Scan.omit({
  packages: true,
  updates: true,
  removals: true,
  relations: true,
}).extend({
  packageCount: z.int(),
  updateCount: z.int(),
  securityCount: z.int(),
  blockedCount: z.int(),
});
export type ScanSummary = z.infer<typeof ScanSummary>;
