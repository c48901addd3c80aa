/** What came out during a freeze and is outside it: counts by severity, critical ones by name. */
import { Severity } from '../../../shared/model/primitives.ts';
import type { Outside } from '../../../shared/model/snapshot.ts';
import { Badge } from '../../ui/Badge.tsx';
import { formatList, plural } from '../../ui/format.ts';
import { GroundsLine } from '../../ui/Grounds.tsx';

export const OutsideCounts = ({ outside }: { outside: Outside }) => {
  const counted = Severity.options.filter((severity) => outside[severity] > 0);
  const critical = outside.packages.filter((one) => one.severity === 'critical');
  return (
    <>
      {critical.length > 0 && (
        <p className="snap-critical">
          <Badge tone="bad">critical</Badge>{' '}
          <strong>
            {formatList(
              critical.map(
                (one) =>
                  `${one.name} ${one.version} (${plural(one.hosts, 'host')}${one.advisories.length > 0 ? `, ${one.advisories.slice(0, 2).join(', ')}` : ''})`,
              ),
              5,
            )}
          </strong>{' '}
          came out during the freeze, and the freeze keeps {critical.length === 1 ? 'it' : 'them'} out.
        </p>
      )}
      <p className="small">
        {counted.length === 0
          ? 'Nothing came out during the freeze that is outside it.'
          : `Outside the freeze: ${counted
              .map(
                (severity) =>
                  `${outside[severity]} ${severity === 'unknown' ? 'of unknown severity' : severity}`,
              )
              .join(', ')}.`}
      </p>
      <GroundsLine grounds={outside.grounds} />
    </>
  );
};
