/** How a page names statuses, levels and times. */
import type { HostLevel, RowStatus, UnknownCause } from '../../../../shared/model/report.ts';

export const LEVEL: Record<HostLevel, ['bad' | 'warn' | 'good' | 'plain', string]> = {
  compliant: ['good', 'compliant'],
  'pending-reboot': ['warn', 'waits for a restart'],
  deviating: ['warn', 'deviating: newer than the snapshot'],
  'non-compliant': ['bad', 'not compliant'],
  unknown: ['bad', 'unknown'],
  'not-applicable': ['plain', 'no entry applies'],
};
export const STATUS: Record<RowStatus, ['bad' | 'warn' | 'good' | 'plain', string]> = {
  installed: ['good', 'installed'],
  'pending-reboot': ['warn', 'installed, waits for a restart'],
  missing: ['bad', 'missing'],
  failed: ['bad', 'failed'],
  'installed-other': ['warn', 'newer version installed'],
  'rejected-installed': ['bad', 'rejected, but installed'],
  rejected: ['plain', 'rejected, not installed'],
  excepted: ['warn', 'excepted'],
  outside: ['warn', 'outside the snapshot'],
  'not-applicable': ['plain', 'not applicable'],
  unknown: ['bad', 'unknown'],
};
export const CAUSE: Record<UnknownCause, string> = {
  'never-scanned': 'never scanned with success',
  'scan-too-old': 'not scanned since',
  'changed-since-scan': 'changed by a run after its last scan, of',
  'run-under-way': 'a run is changing it; last scan',
};
/** `2026-11-23 14:00 UTC`. */
export const time = (instant: string | null | undefined): string =>
  instant === null || instant === undefined ? '' : `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`;
