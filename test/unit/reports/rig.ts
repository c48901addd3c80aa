/** Reports over a small fleet in memory, as parts. */
import type { DriftOf } from '../../../main/core/reports/drift.ts';
import { createReportService } from '../../../main/core/reports/service.ts';
import type { ReportRequest } from '../../../shared/contract/reports.ts';
import { ok } from '../../../shared/errors.ts';
import type { ReportPart } from '../../../shared/model/report.ts';
import { caller, type World } from '../snapshots/support.ts';

export type Asked = {
  kind: ReportRequest['kind'];
  snapshot?: string;
  selectors?: string[];
  maxAgeSeconds?: number;
};

export const partsOf = async (
  world: World,
  report: Asked,
  drift: DriftOf = async () => ok({ drift: [] }),
): Promise<ReportPart[]> => {
  const reports = createReportService(world.ports, { drift });
  const request = { selectors: [], maxAgeSeconds: 7 * 86_400, limit: 100, ...report } as ReportRequest;
  const all: ReportPart[] = [];
  for await (const part of reports.read({ report: request }, caller)) all.push(part);
  return all;
};

/** Of the snapshot `november`. */
export const complianceOf = async (world: World, more: Omit<Asked, 'kind'> = {}) => {
  const all = await partsOf(world, { kind: 'compliance', snapshot: 'november', ...more });
  return {
    head: all.flatMap((part) => (part.type === 'head' ? [part.head] : []))[0],
    hosts: all.flatMap((part) => (part.type === 'host' ? [part.host] : [])),
    totals: all.flatMap((part) => (part.type === 'compliance-totals' ? [part.totals] : []))[0],
    order: all.map((part) => part.type),
  };
};
