/** Says that a snapshot is (or will be, or was) frozen: until when, where, and what that means for editing. */
import { useState } from 'react';
import type { OutsidePackage, SnapshotView } from '../../../shared/model/snapshot.ts';
import { Button } from '../../ui/Button.tsx';
import { formatDateTime, formatList, plural } from '../../ui/format.ts';
import { GroundsCell } from '../../ui/Grounds.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { GuardProgress } from '../guard/GuardProgress.tsx';
import { ExceptionDialog } from './ExceptionDialog.tsx';
import { Exceptions } from './Exceptions.tsx';
import { inZone, lengthOf } from './freezeTime.ts';
import { OutsideCounts } from './OutsideCounts.tsx';
import { ReasonDialog } from './ReasonDialog.tsx';
import { type FreezeInfo, useSnapshots } from './store.ts';

const POLICY = {
  'listed-only': 'listed entries only',
  'listed-or-dependency': 'listed entries and what they need',
} as const;

export const FreezeBanner = ({ snapshot }: { snapshot: SnapshotView }) => {
  const freezes = useSnapshots((s) => s.freezes);
  const [thawing, setThawing] = useState(false);
  const held = freezes.filter((each) => each.lineId === snapshot.lineId);
  const [excepting, setExcepting] = useState<Excepting>();
  const thawEarly = useSnapshots((s) => s.thaw);
  const { thaw } = snapshot;
  const actions = (freeze: FreezeInfo) => (
    <>
      <Button size="sm" onClick={() => setExcepting({ freeze, patch: undefined })}>
        Exception…
      </Button>
      <Button size="sm" onClick={() => setThawing(true)}>
        Thaw…
      </Button>
    </>
  );
  return (
    <>
      {held.map((freeze) => (
        <Notice
          key={freeze.id}
          tone="frozen"
          title={
            <strong>
              Revision {freeze.revision} {freeze.active ? 'is frozen until' : 'will be frozen from'}{' '}
              {inZone(freeze.active ? windowOf(freeze).to : windowOf(freeze).from, freeze.zone)}
              {!freeze.active && ` to ${inZone(windowOf(freeze).to, freeze.zone)}`} ({freeze.zone})
            </strong>
          }
          actions={actions(freeze)}
        >
          <p>
            On {plural(freeze.hosts.length, 'host')} (<code>{freeze.selector}</code>
            {freeze.hosts.length > 0 && `: ${formatList(freeze.hosts, 5)}`}), for{' '}
            {lengthOf(windowOf(freeze).from, windowOf(freeze).to, freeze.zone)}, {POLICY[freeze.policy]}
            {freeze.words !== undefined && `, ${freeze.words}`}.
          </p>
          <p className="small">
            {freeze.id === snapshot.id || freeze.id === snapshot.continues
              ? 'Editing makes a new draft revision. The draft cannot be deployed on these hosts while the freeze holds.'
              : `Revision ${snapshot.revision}, shown here, is a later draft: it cannot be deployed on these hosts while the freeze holds.`}
          </p>
          {freeze.guard && freeze.active && <GuardProgress hosts={freeze.hosts} />}
          <OutsideCounts outside={freeze.outside} />
          <OutsideList
            packages={freeze.outside.packages}
            onExcept={(patch) => setExcepting({ freeze, patch })}
          />
          <Exceptions freeze={freeze} />
        </Notice>
      ))}
      {held.length === 0 && snapshot.state === 'expired' && snapshot.freeze !== undefined && (
        <Notice
          tone="neutral"
          title={`Its freeze ended ${inZone(snapshot.freeze.ends, snapshot.freeze.zone)} (${snapshot.freeze.zone}); normal rules apply.`}
        />
      )}
      {held.length === 0 && snapshot.state === 'thawed' && thaw !== undefined && (
        <Notice tone="neutral" title={`Thawed early, ${formatDateTime(thaw.at)}: ${thaw.reason}`} />
      )}
      {excepting !== undefined && (
        <ExceptionDialog snapshot={snapshot} {...excepting} onClose={() => setExcepting(undefined)} />
      )}
      {thawing && (
        <ReasonDialog
          title={`Thaw ${snapshot.name} early?`}
          text={`From then on anything may be deployed on ${plural(new Set(held.flatMap((each) => each.hosts)).size, 'host')} again. The reason is kept in the revision and in the audit log.`}
          missing="Say why the freeze ends early."
          action="Thaw now"
          onReason={(reason) => thawEarly(snapshot.name, reason)}
          onClose={() => setThawing(false)}
        />
      )}
    </>
  );
};

type Excepting = { freeze: FreezeInfo; patch: OutsidePackage | undefined };

/** The one that holds now, else the next. */
const windowOf = (freeze: FreezeInfo): { from: string; to: string } => freeze.window ?? freeze;

const OutsideList = ({
  packages,
  onExcept,
}: {
  packages: readonly OutsidePackage[];
  onExcept: (patch: OutsidePackage) => void;
}) =>
  packages.length === 0 ? null : (
    <details className="small">
      <summary>Which they are</summary>
      <ul className="snap-outside">
        {packages.slice(0, 50).map((one) => (
          <li key={`${one.ecosystem} ${one.name}:${one.arch} ${one.version}`}>
            <span>{one.severity === 'unknown' ? 'severity unknown' : one.severity}</span>
            <code className="wrap-any">
              {one.name} {one.version}
            </code>
            <span className="muted">
              <GroundsCell grounds={one.grounds} />
            </span>
            <span className="muted">
              {plural(one.hosts, 'host')}, first seen {formatDateTime(one.firstSeen)}
            </span>
            <Button
              size="sm"
              onClick={() => onExcept(one)}
              aria-label={`Exception for ${one.name} ${one.version}…`}
            >
              Exception…
            </Button>
          </li>
        ))}
      </ul>
      {packages.length > 50 && <p>And {packages.length - 50} more.</p>}
    </details>
  );
