import type { Handlers } from '../../shared/contract/contract.ts';
import type { ReportService } from '../core/reports/service.ts';

type ReportNames = Extract<keyof Handlers, `reports.${string}`>;

export const reportHandlers = (reports: ReportService): Pick<Handlers, ReportNames> => ({
  'reports.read': reports.read,
  'reports.write': reports.write,
});
