/** How levels and statuses are shown: a tone and a word. */
import type { ComplianceHost, ComplianceRow, HostLevel, RowStatus } from '../../../shared/model/report.ts';
import type { Tone } from '../../ui/Badge.tsx';
import { formatDateTime } from '../../ui/format.ts';

type Look = { tone: Tone; label: string };

export const LEVELS: Record<HostLevel, Look> = {
  compliant: { tone: 'good', label: 'compliant' },
  'pending-reboot': { tone: 'warn', label: 'waits for a restart' },
  deviating: { tone: 'warn', label: 'deviating' },
  'non-compliant': { tone: 'bad', label: 'not compliant' },
  unknown: { tone: 'bad', label: 'unknown' },
  'not-applicable': { tone: 'neutral', label: 'not concerned' },
};

export const STATUSES: Record<RowStatus, Look> = {
  installed: { tone: 'good', label: 'installed' },
  'pending-reboot': { tone: 'warn', label: 'waits for a restart' },
  missing: { tone: 'bad', label: 'missing' },
  failed: { tone: 'bad', label: 'failed' },
  'installed-other': { tone: 'warn', label: 'newer installed' },
  'rejected-installed': { tone: 'bad', label: 'rejected, installed' },
  rejected: { tone: 'neutral', label: 'rejected' },
  excepted: { tone: 'warn', label: 'excepted' },
  outside: { tone: 'warn', label: 'outside' },
  'not-applicable': { tone: 'neutral', label: 'not applicable' },
  unknown: { tone: 'bad', label: 'unknown' },
};

const CAUSES = {
  'never-scanned': 'never scanned with success',
  'scan-too-old': 'not scanned since',
  'changed-since-scan': 'changed by a run after its last scan,',
  'run-under-way': 'being changed by a run; last scan',
};

export const whyUnknown = ({ unknown }: ComplianceHost): string =>
  unknown === undefined
    ? ''
    : unknown.since === null
      ? CAUSES[unknown.cause]
      : `${CAUSES[unknown.cause]} ${formatDateTime(unknown.since)}`;

export const whyRow = (row: ComplianceRow): string => {
  if (row.exception?.withdrawn !== undefined)
    return `${row.exception.reason} (${row.exception.author}, withdrawn ${formatDateTime(row.exception.withdrawn.at)}: ${row.exception.withdrawn.reason})`;
  if (row.exception !== undefined)
    return `${row.exception.reason} (${row.exception.author}, until ${formatDateTime(row.exception.until)})`;
  if (row.run !== undefined)
    return `the last run ended ${row.run.state}${row.run.code === undefined ? '' : `: ${row.run.code}`}`;
  return '';
};
