/** The hosts of a plan in groups, what needs a look first; each opens to its actions, its proof and what it skips. */
import { ChevronRight, Clock, PackageMinus, PackagePlus, RotateCw } from 'lucide-react';
import { createContext, useContext, useState } from 'react';
import { Link } from 'wouter';
import type { HostPlan, ResolvedParameters } from '../../../shared/model/plan.ts';
import { Badge, StatusDot } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Segmented } from '../../ui/Field.tsx';
import { formatBytes, formatDuration, plural } from '../../ui/format.ts';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { hostPlanLook, proofLook } from '../../ui/states.ts';
import { ActionTable } from './ActionTable.tsx';
import { actionText, countActions, type PlanGroups, REFUSAL_HELP, rebootFate } from './model.ts';
import { ProofTable } from './ProofTable.tsx';

const GROUPS: readonly { state: HostPlan['state']; title: string }[] = [
  { state: 'refused', title: 'Refused' },
  { state: 'failed', title: 'Could not be planned' },
  { state: 'unreachable', title: 'Unreachable' },
  { state: 'ready', title: 'To change' },
  { state: 'compliant', title: 'Compliant, nothing to do' },
];
/** Beyond this many, a group shows a part of its hosts until asked for all: each one is a disclosure of its own. */
const FIRST = 60;

/** What every row of the list needs to know of the plan. */
type About = {
  parameters: ResolvedParameters;
  /** Ids of hosts that would not be done by the end of the window. */
  late: ReadonlySet<string>;
};
const AboutContext = createContext<About | null>(null);

type Shown = 'all' | 'short';

export const ByHost = ({ groups: every, ...about }: { groups: PlanGroups } & About) => {
  const [shown, setShown] = useState<Shown>('all');
  const short = every.ready.filter((host) => host.proof !== 'proven').length;
  const groups: PlanGroups =
    shown === 'all'
      ? every
      : {
          refused: [],
          failed: [],
          unreachable: [],
          ready: every.ready.filter((host) => host.proof !== 'proven'),
          compliant: [],
        };
  const present = GROUPS.filter(({ state }) => groups[state].length > 0);
  const total = GROUPS.reduce((sum, { state }) => sum + every[state].length, 0);
  if (present.length === 0)
    return (
      <EmptyState title="No host matched">
        <p>The selector of this plan matches no host. Make a plan with another selector.</p>
      </EmptyState>
    );
  return (
    <AboutContext.Provider value={about}>
      <div className="stack">
        {short > 0 && total > 1 && (
          <Segmented<Shown>
            label="Hosts shown"
            hideLabel
            value={shown}
            onChange={setShown}
            options={[
              { value: 'all', label: 'All hosts' },
              { value: 'short', label: `Rollback not proven: ${short}` },
            ]}
          />
        )}
        {present.map(({ state, title }) => (
          <Group key={state} title={title} hosts={groups[state]} alone={total === 1} />
        ))}
      </div>
    </AboutContext.Provider>
  );
};

const Group = ({
  title,
  hosts,
  alone,
}: {
  title: string;
  hosts: readonly HostPlan[];
  /** The plan has no other host. */
  alone: boolean;
}) => {
  const [all, setAll] = useState(false);
  const shown = all ? hosts : hosts.slice(0, FIRST);
  return (
    <section className="plan-group" aria-label={title}>
      <h3>
        {title} <span className="muted num">{hosts.length}</span>
      </h3>
      {shown.map((host) => (
        <HostRow key={host.hostId} host={host} openAtFirst={alone} />
      ))}
      {hosts.length > shown.length && (
        <Button onClick={() => setAll(true)}>Show the other {hosts.length - shown.length}</Button>
      )}
    </section>
  );
};

const HostRow = ({ host, openAtFirst }: { host: HostPlan; openAtFirst: boolean }) => {
  const [open, setOpen] = useState(openAtFirst);
  const look = hostPlanLook[host.state];
  const proof = proofLook[host.proof];
  const counts = countActions(host.actions);
  const about = useContext(AboutContext);
  const fate = about === null ? 'none' : rebootFate(host, about.parameters.reboot);
  const waves = about?.parameters.waveSizes.length ?? 0;
  return (
    <details
      className="plan-host"
      data-tone={look.tone}
      open={open}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        <ChevronRight size={15} aria-hidden className="plan-chevron" />
        <strong className="plan-host-name truncate">{host.host}</strong>
        {host.state === 'ready' ? (
          <>
            <span>{actionText(counts)}</span>
            {counts.remove > 0 && (
              <Badge tone="bad" icon={PackageMinus}>
                removes {counts.remove}
              </Badge>
            )}
            {counts.dependency > 0 && (
              <Badge tone="warn" icon={PackagePlus}>
                {plural(counts.dependency, 'dependency', 'dependencies')}
              </Badge>
            )}
            <span className="plan-host-end">
              {about?.late.has(host.hostId) === true && (
                <Badge tone="warn" icon={Clock}>
                  not before the window ends
                </Badge>
              )}
              {fate !== 'none' && (
                <Badge tone="warn" icon={RotateCw}>
                  {fate === 'will' ? 'is rebooted' : 'wants a reboot'}
                </Badge>
              )}
              {host.bytes.short.length > 0 && <Badge tone="bad">too little space</Badge>}
              {waves > 1 && host.wave !== undefined && <span className="num small">wave {host.wave}</span>}
              {host.predictedSeconds !== undefined && (
                <span className="num small" title="What it took in past runs">
                  ~{formatDuration(host.predictedSeconds)}
                </span>
              )}
              <span className="num small">{formatBytes(host.bytes.download)}</span>
              <StatusDot {...proof}>{proof.label}</StatusDot>
            </span>
          </>
        ) : (
          <>
            <StatusDot {...look}>{look.label}</StatusDot>
            <span className="truncate muted">{host.error?.message ?? host.refusals[0]?.message ?? ''}</span>
          </>
        )}
      </summary>
      {open && <HostDetail host={host} />}
    </details>
  );
};

const HostDetail = ({ host }: { host: HostPlan }) => {
  const { bytes, facts } = host;
  const about = useContext(AboutContext);
  const fate = about === null ? 'none' : rebootFate(host, about.parameters.reboot);
  const waves = about?.parameters.waveSizes.length ?? 0;
  const weak = host.reasons.filter((reason) => reason.proof !== 'proven').length;
  return (
    <div className="plan-detail stack">
      {host.refusals.map((refusal) => (
        <Notice
          key={`${refusal.code} ${refusal.package ?? ''} ${refusal.message}`}
          tone="frozen"
          title={refusal.message}
          hint={
            <>
              {REFUSAL_HELP[refusal.code]} <code>{refusal.code}</code>
            </>
          }
        />
      ))}
      {host.error !== undefined && <ErrorState error={host.error} />}
      {bytes.short.map((mount) => (
        <Notice
          key={mount.target}
          tone="bad"
          title={`${mount.target} needs ${formatBytes(mount.needed)} and has ${formatBytes(mount.available)} free.`}
        />
      ))}
      {(host.state === 'ready' || host.actions.length > 0) && (
        <dl className="facts">
          {facts !== undefined && (
            <>
              <dt>System</dt>
              <dd>
                {facts.os} {facts.release}, {facts.arch}, kernel {facts.kernel}
              </dd>
            </>
          )}
          <dt>Space</dt>
          <dd>
            {formatBytes(bytes.download)} to download, {formatBytes(Math.abs(bytes.disk))}{' '}
            {bytes.disk < 0 ? 'freed' : 'more'} on disk, {formatBytes(bytes.available)} free
          </dd>
          {waves > 1 && host.wave !== undefined && (
            <>
              <dt>Wave</dt>
              <dd>
                {host.wave} of {waves}
              </dd>
            </>
          )}
          <dt>Takes</dt>
          <dd>
            {host.predictedSeconds === undefined
              ? 'not known yet: no past run tells'
              : `about ${formatDuration(host.predictedSeconds)}, as in past runs`}
          </dd>
          <dt>Reboot</dt>
          <dd>{REBOOT_FATE[fate]}</dd>
          <dt>Rollback</dt>
          <dd>
            <StatusDot {...proofLook[host.proof]}>{proofLook[host.proof].label}</StatusDot>
            {host.reasons.length > 0 &&
              (weak === 0
                ? `, for all of ${plural(host.reasons.length, 'package')}`
                : `: ${weak} of ${plural(host.reasons.length, 'package')} not proven`)}
          </dd>
        </dl>
      )}
      {host.reasons.length > 0 && (
        <details className="plan-proof" open={weak > 0}>
          <summary className="small">Rollback proof, package by package</summary>
          <ProofTable reasons={host.reasons} host={host.host} />
        </details>
      )}
      {host.actions.length > 0 && <ActionTable actions={host.actions} host={host.host} />}
      {host.state === 'compliant' && host.actions.length === 0 && (
        <p className="muted">Everything of the snapshot that applies to this host is installed.</p>
      )}
      {host.skipped.length > 0 && (
        <details>
          <summary className="small">
            {plural(host.skipped.length, 'entry', 'entries')} of the snapshot skipped
          </summary>
          <ul className="plan-skipped small">
            {host.skipped.map((each) => (
              <li key={`${each.name} ${each.version}`}>
                <span className="mono wrap-any">
                  {each.name} {each.version}
                </span>
                <span className="muted">{each.reason}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      <p className="small">
        <Link href={`/fleet/${encodeURIComponent(host.host)}`}>Open {host.host}</Link>
      </p>
    </div>
  );
};

const REBOOT_FATE = {
  none: 'not foreseen',
  wanted: 'wanted afterwards; this run reboots no host',
  will: 'rebooted by this run once its packages are in place, and its return is verified',
} as const;
