/** How bad what a patch mends is; where nobody says, what kind of patch it is. */
import type { Classification, Severity } from '../../shared/model/primitives.ts';
import { StatusDot } from './Badge.tsx';
import { severityLook } from './states.ts';

export const SeverityCell = ({
  severity = 'unknown',
  classification = '–',
  title,
}: {
  severity?: Severity | undefined;
  classification?: Classification | '–' | undefined;
  title?: string | undefined;
}) =>
  severity === 'unknown' ? (
    <span className="muted">{classification}</span>
  ) : (
    <StatusDot {...severityLook[severity]} title={title}>
      {severityLook[severity].label}
    </StatusDot>
  );
