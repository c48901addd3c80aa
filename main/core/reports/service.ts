/** Reports as parts, and as the text of files. */

import type { Caller, HandlerInput, Item } from '../../../shared/contract/contract.ts';
import type { ReportRequest } from '../../../shared/contract/reports.ts';
import type { ReportPart } from '../../../shared/model/report.ts';
import { auditReport } from './auditReport.ts';
import { complianceReport, type ReportPorts } from './compliance.ts';
import { type DriftOf, driftReport } from './drift.ts';
import { historyReport } from './history.ts';
import { createReportRenderer } from './render/render.ts';

export type ReportService = ReturnType<typeof createReportService>;

export const createReportService = (ports: ReportPorts, sources: { drift: DriftOf }) => {
  const parts = (report: ReportRequest, signal: AbortSignal): AsyncGenerator<ReportPart> => {
    switch (report.kind) {
      case 'compliance':
        return complianceReport(ports, report, signal);
      case 'drift':
        return driftReport(ports, sources.drift, report);
      case 'history':
        return historyReport(ports, report, signal);
      case 'audit':
        return auditReport(ports, signal);
    }
  };

  return {
    read: ({ report }: HandlerInput<'reports.read'>, caller: Caller): AsyncGenerator<Item<'reports.read'>> =>
      parts(report, caller.signal),

    write: async function* (
      { report, format }: HandlerInput<'reports.write'>,
      caller: Caller,
    ): AsyncGenerator<Item<'reports.write'>> {
      const renderer = createReportRenderer(format);
      for await (const part of parts(report, caller.signal))
        for (const text of renderer.part(part)) yield { text };
    },
  };
};
