/** The drift report: what changed on hosts behind the console's back, as the drift service knows it. */
import { type FrostError, FrostFault, type Result } from '../../../shared/errors.ts';
import type { HostDrift } from '../../../shared/model/drift.ts';
import { type DriftTotals, REPORT_FORMAT, type ReportPart } from '../../../shared/model/report.ts';
import type { ReportPorts } from './compliance.ts';

/** The drift of the hosts that the selectors mean; none: of all. */
export type DriftOf = (selectors: string[]) => Promise<Result<{ drift: HostDrift[] }, FrostError>>;

/** Throws faults: `input.invalid` (selector). */
export async function* driftReport(
  ports: ReportPorts,
  driftOf: DriftOf,
  input: { selectors: string[] },
): AsyncGenerator<ReportPart> {
  const found = await driftOf(input.selectors);
  if (!found.ok) throw new FrostFault(found.error);
  yield {
    type: 'head',
    head: {
      format: REPORT_FORMAT,
      kind: 'drift',
      createdAt: new Date(ports.clock.now()).toISOString(),
      createdBy: ports.user,
      selectors: input.selectors,
    },
  };
  const totals: DriftTotals = { hosts: 0, drifted: 0, unknown: 0, packages: 0 };
  for (const host of found.value.drift) {
    totals.hosts += 1;
    totals.packages += host.packages.length;
    if (host.packages.length > 0) totals.drifted += 1;
    if (host.unknown !== undefined) totals.unknown += 1;
    yield { type: 'drift', host };
  }
  yield { type: 'drift-totals', totals };
}
