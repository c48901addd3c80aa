/** Hosts, their trust, and scans. */
import { z } from 'zod';
import { FrostError } from '../errors.ts';
import { Grounds } from '../model/grounds.ts';
import { GuardView } from '../model/guard.ts';
import { Host, HostChange, HostTrust, NewHost } from '../model/host.ts';
import {
  Classification,
  Ecosystem,
  HostName,
  Id,
  SelectorText,
  Severity,
  Text,
} from '../model/primitives.ts';
import { Scan, ScanReport, ScanSummary } from '../model/scan.ts';
import { command, query } from './define.ts';

export const Selectors = z.array(SelectorText).max(200);

/** A host with what is known of it: the latest scan, and the last good one where the latest failed. */
export const HostOverview = z.object({
  host: Host,
  latest: ScanSummary.optional(),
  lastGood: ScanSummary.optional(),
  trusted: z.boolean(),
  /** Name of the snapshot whose freeze holds on it now. */
  frozenBy: z.string().optional(),
  /** Its guard, where it has one or is to have or lose one. */
  guard: GuardView.pick({ desired: true, state: true }).optional(),
  /** The unfinished run it takes part in. */
  activeRun: Id.optional(),
});
export type HostOverview = z.infer<typeof HostOverview>;

export const ImportFormat = z.enum(['ssh-config', 'ansible', 'csv']);

export const hosts = {
  /** No selector: all. A selector that matches nothing gives an empty list; a malformed one is `input.invalid`. */
  list: query(z.object({ selectors: Selectors.default([]) }), z.object({ hosts: z.array(HostOverview) })),
  add: command(z.object({ host: NewHost }), z.object({ host: Host }), { permission: 'edit' }),
  change: command(z.object({ change: HostChange }), z.object({ host: Host }), { permission: 'edit' }),
  remove: command(z.object({ selectors: Selectors.min(1) }), z.object({ hosts: z.array(Host) }), {
    permission: 'edit',
  }),
  import: command(
    z.object({
      text: z.string().max(4_000_000),
      fileName: Text(255),
      format: ImportFormat.optional(),
      dryRun: z.boolean(),
    }),
    z.object({
      added: z.array(Host),
      changed: z.array(Host),
      skipped: z.array(z.object({ name: Text(255), reason: Text(1000) })),
    }),
    { permission: 'edit' },
  ),
  /** Asks each host for its key. With `acceptNew`, unknown ones become trusted; changed and revoked never do. */
  trust: command(
    z.object({ selectors: Selectors.min(1), acceptNew: z.boolean() }),
    z.object({ hosts: z.array(HostTrust) }),
    { permission: 'admin' },
  ),
  /** Forgets what was trusted for a host, after its key was changed on purpose. */
  forgetKey: command(z.object({ hostId: Id }), z.object({ host: Host }), { permission: 'admin' }),
};

export const scans = {
  /** Returns when every host was scanned or given up. Progress is in `system.activity`. */
  run: command(
    z.object({
      selectors: Selectors.min(1),
      concurrency: z.int().min(1).max(500).default(32),
      /** Read the repositories' lists anew first (`apt-get update`); needs root. */
      refresh: z.boolean().default(false),
    }),
    z.object({ scans: z.array(ScanReport) }),
    { permission: 'read', audit: 'read' },
  ),
  latest: query(z.object({ hostId: Id }), z.object({ latest: Scan.nullable(), lastGood: Scan.nullable() })),
  history: query(
    z.object({ hostId: Id, limit: z.int().min(1).max(1000).default(50) }),
    z.object({ scans: z.array(ScanSummary) }),
  ),
  /** Updates over the last good scans of the selected hosts, one row per package, architecture and version. */
  updates: query(
    z.object({ selectors: Selectors.min(1), security: z.boolean().default(false) }),
    z.object({
      updates: z.array(
        z.object({
          name: z.string(),
          arch: z.string(),
          to: z.string(),
          hosts: z.array(HostName),
          severity: Severity,
          classification: Classification,
          origin: z.string(),
          /** The manager whose package it is. */
          ecosystem: Ecosystem.optional(),
          advisories: z.array(z.string()),
          cves: z.array(z.string()),
          /** What severity, advisories and CVEs rest on. */
          grounds: Grounds,
        }),
      ),
      /** Selected hosts without a good scan: their updates are not known. */
      unknown: z.array(z.object({ host: HostName, error: FrostError.optional() })),
    }),
  ),
};
