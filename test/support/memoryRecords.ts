/** What a store in memory holds, and what its parts have in common. */
import type { BundledArtefact } from '../../main/core/bundles/ports.ts';
import type { StoredSignature } from '../../main/core/exchange/ports.ts';
import type { StoredFreeze, StoredRun, TrustedKey } from '../../main/core/ports.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { FrostFault, frostError } from '../../shared/errors.ts';
import type { Host } from '../../shared/model/host.ts';
import type { Plan } from '../../shared/model/plan.ts';
import type { Promotion } from '../../shared/model/promotion.ts';
import type { Capture, RunEvent } from '../../shared/model/run.ts';
import type { Scan } from '../../shared/model/scan.ts';
import type { Revision } from '../../shared/model/snapshot.ts';
import type { StoredLine } from './memoryAudit.ts';

export const fault = (code: ErrorCode, message: string): FrostFault =>
  new FrostFault(frostError(code, message));
export const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
export const copy = <T>(value: T): T => structuredClone(value);

export const byName = (a: { name: string }, b: { name: string }): number => {
  const [left, right] = [a.name.toLowerCase(), b.name.toLowerCase()];
  return left < right ? -1 : left > right ? 1 : 0;
};

export type Records = {
  hosts: Map<string, Host>;
  scans: Map<string, Scan[]>;
  removedHosts: Set<string>;
  lines: Map<string, { id: string; name: string; headId: string }>;
  revisions: Map<string, Revision>;
  freezes: Map<string, StoredFreeze>;
  signatures: StoredSignature[];
  promotions: Promotion[];
  plans: Map<string, Plan>;
  runs: Map<string, StoredRun>;
  events: Map<string, RunEvent[]>;
  captures: Map<string, Capture>;
  settings: Map<string, string>;
  audit: StoredLine[];
  keys: TrustedKey[];
  bundled: Map<string, Map<string, BundledArtefact>>;
};
