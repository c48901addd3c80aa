/** The fleet: every host's state at a glance, and what can be done with those that are ticked. */
import {
  KeyRound,
  ListChecks,
  MoreHorizontal,
  Pencil,
  Plus,
  RefreshCw,
  ScanSearch,
  Trash2,
  Upload,
  X,
} from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import type { HostOverview } from '../../../shared/contract/fleet.ts';
import type { Host } from '../../../shared/model/host.ts';
import { useCommand } from '../../app/commands.ts';
import { present } from '../../app/loadable.ts';
import { useSystem } from '../../app/systemStore.ts';
import { Button, IconButton } from '../../ui/Button.tsx';
import { DataTable } from '../../ui/DataTable.tsx';
import { EmptyState, Loading } from '../../ui/EmptyState.tsx';
import { formatCount, formatList, plural } from '../../ui/format.ts';
import { Menu, type MenuItem } from '../../ui/Menu.tsx';
import { ErrorState } from '../../ui/Notice.tsx';
import { PageHeader } from '../../ui/PageHeader.tsx';
import { DemoOffer } from '../demo/DemoOffer.tsx';
import { fleetColumns } from './columns.tsx';
import { FilterBox } from './FilterBox.tsx';
import './fleet.css';
import { HostDialog } from './HostDialog.tsx';
import { ImportDialog } from './ImportDialog.tsx';
import { NewPlanDialog } from './NewPlanDialog.tsx';
import { RemoveHostsDialog } from './RemoveHostsDialog.tsx';
import { chosenOf, selectorsOf } from './selection.ts';
import { goodScan, hostStatus } from './status.ts';
import { useFleet } from './store.ts';
import { TrustDialog } from './TrustDialog.tsx';

const hostKey = (row: HostOverview) => row.host.id;
const hostName = (row: HostOverview) => row.host.name;
const rowTone = (row: HostOverview) => {
  const { tone } = hostStatus(row);
  return tone === 'bad' ? tone : undefined;
};

export const FleetPage = () => {
  const fleet = useFleet((state) => state);
  const demo = useSystem((state) => present(state.status)?.demo);
  const [, navigate] = useLocation();
  const [editing, setEditing] = useState<{ host?: Host }>();
  const [importing, setImporting] = useState(false);
  const [trusting, setTrusting] = useState<readonly string[]>();
  const [planning, setPlanning] = useState(false);
  const [removing, setRemoving] = useState(false);
  const filterBox = useRef<HTMLInputElement>(null);

  const rows = present(fleet.hosts);
  const chosen = useMemo(() => chosenOf(rows ?? [], fleet.selected), [rows, fleet.selected]);
  const targets = chosen.length > 0 ? chosen : (rows ?? []);
  const names = targets.map(hostName);
  const selectors = selectorsOf(names);
  const none = targets.length === 0;
  const what =
    chosen.length > 0
      ? plural(chosen.length, 'chosen host')
      : fleet.filter.trim() === ''
        ? 'all hosts'
        : plural(targets.length, 'shown host');

  useCommand({
    id: 'filter',
    label: 'Filter the hosts',
    group: 'Fleet',
    keys: '/',
    run: () => filterBox.current?.focus(),
  });
  useCommand({
    id: 'scan',
    label: `Scan ${what}`,
    group: 'Fleet',
    keys: 's',
    disabled: none,
    run: () => void fleet.scan(selectors, false),
  });
  useCommand({
    id: 'refresh',
    label: `Refresh the package lists of ${what} and scan`,
    group: 'Fleet',
    disabled: none,
    run: () => void fleet.scan(selectors, true),
  });
  useCommand({
    id: 'plan',
    label: `Plan a snapshot on ${what}`,
    group: 'Fleet',
    keys: 'p',
    disabled: none,
    run: () => setPlanning(true),
  });
  useCommand({ id: 'add', label: 'Add a host', group: 'Fleet', keys: 'n', run: () => setEditing({}) });
  useCommand({ id: 'import', label: 'Import hosts', group: 'Fleet', run: () => setImporting(true) });
  useCommand({
    id: 'keys',
    label: `Check the host keys of ${what}`,
    group: 'Fleet',
    disabled: none,
    run: () => setTrusting(names),
  });

  const more: MenuItem[] = [
    {
      id: 'refresh',
      label: 'Refresh package lists and scan',
      note: 'apt-get update first; needs root',
      icon: <RefreshCw size={15} aria-hidden />,
      onSelect: () => void fleet.scan(selectors, true),
    },
    {
      id: 'keys',
      label: 'Check host keys',
      icon: <KeyRound size={15} aria-hidden />,
      onSelect: () => setTrusting(names),
    },
    ...(chosen.length === 1
      ? [
          {
            id: 'edit',
            label: 'Change…',
            icon: <Pencil size={15} aria-hidden />,
            onSelect: () => setEditing(chosen[0] ?? {}),
          },
        ]
      : []),
    { kind: 'separator', id: 'line' },
    {
      id: 'remove',
      label: chosen.length > 0 ? `Remove ${plural(chosen.length, 'host')}…` : 'Remove… (choose hosts first)',
      icon: <Trash2 size={15} aria-hidden />,
      danger: true,
      disabled: chosen.length === 0,
      onSelect: () => setRemoving(true),
    },
  ];
  const dialogs = (
    <>
      <HostDialog
        open={editing !== undefined}
        host={editing?.host}
        onOpenChange={(open) => {
          if (!open) setEditing(undefined);
        }}
        onDone={(host) => {
          if (editing?.host === undefined) setTrusting([host.name]);
        }}
      />
      <ImportDialog open={importing} onOpenChange={setImporting} onAdded={setTrusting} />
      <TrustDialog names={trusting} onClose={() => setTrusting(undefined)} />
      <NewPlanDialog open={planning} onOpenChange={setPlanning} selectors={selectors} names={names} />
      <RemoveHostsDialog open={removing} onOpenChange={setRemoving} names={chosen.map(hostName)} />
    </>
  );

  if (fleet.total === 0 && rows !== undefined)
    return (
      <div className="page">
        <PageHeader title="Fleet" subtitle="No hosts yet" />
        <div className="page-body">
          <DemoOffer
            offered={demo?.offered ?? false}
            onAdd={() => setEditing({})}
            onImport={() => setImporting(true)}
          />
        </div>
        {dialogs}
      </div>
    );

  const unknownKeys = (rows ?? []).filter((row) => !row.trusted);
  return (
    <div className="page">
      <PageHeader
        title="Fleet"
        subtitle={
          rows !== undefined ? (
            <Summary rows={rows} />
          ) : fleet.hosts.status === 'loading' ? (
            'Reading…'
          ) : (
            'Not known'
          )
        }
        actions={
          <>
            <Button icon={<Upload size={15} aria-hidden />} onClick={() => setImporting(true)}>
              Import
            </Button>
            <Button icon={<Plus size={15} aria-hidden />} onClick={() => setEditing({})}>
              Add host
            </Button>
          </>
        }
      />
      <div className="page-body">
        {fleet.hosts.status === 'error' && (
          <ErrorState
            error={fleet.hosts.error}
            title="The fleet could not be read"
            onRetry={() => void fleet.reload()}
          />
        )}
        <div className="fleet-bar">
          <FilterBox ref={filterBox} />
          <div className="row">
            {chosen.length > 0 && (
              <span className="fleet-chosen">
                {plural(chosen.length, 'host')} chosen
                <IconButton
                  label="Choose none"
                  size="sm"
                  icon={<X size={14} aria-hidden />}
                  onClick={() => fleet.select(new Set())}
                />
              </span>
            )}
            <Button
              icon={<ScanSearch size={15} aria-hidden />}
              disabled={none}
              onClick={() => void fleet.scan(selectors, false)}
            >
              {chosen.length > 0 ? 'Scan chosen' : fleet.filter.trim() === '' ? 'Scan all' : 'Scan shown'}
            </Button>
            <Button
              variant="primary"
              icon={<ListChecks size={15} aria-hidden />}
              disabled={none}
              onClick={() => setPlanning(true)}
            >
              Plan a snapshot…
            </Button>
            <Menu
              label="More for these hosts"
              items={more}
              trigger={
                <Button aria-label="More for these hosts" data-icon-only="">
                  <MoreHorizontal size={16} aria-hidden />
                </Button>
              }
            />
          </div>
        </div>
        {unknownKeys.length > 0 && (
          <p className="fleet-note">
            <KeyRound size={15} aria-hidden />
            <span>
              {formatList(unknownKeys.map(hostName), 3)}{' '}
              {unknownKeys.length === 1 ? 'has a host key' : 'have host keys'} nobody has confirmed yet.
            </span>
            <Button size="sm" onClick={() => setTrusting(unknownKeys.map(hostName))}>
              Check {unknownKeys.length === 1 ? 'it' : 'them'}
            </Button>
          </p>
        )}
        {rows === undefined ? (
          fleet.hosts.status === 'loading' && <Loading label="The fleet is read" rows={12} />
        ) : (
          <DataTable
            label="Hosts"
            noun="host"
            columns={fleetColumns}
            rows={rows}
            rowKey={hostKey}
            rowLabel={hostName}
            rowTone={rowTone}
            initialSort={{ id: 'name' }}
            selection={{ selected: fleet.selected, onChange: fleet.select }}
            onOpen={(row) => navigate(`/fleet/${encodeURIComponent(row.host.name)}`)}
            empty={
              <EmptyState
                title="No host is meant by this filter"
                actions={<Button onClick={() => fleet.setFilter('')}>Show all hosts</Button>}
              >
                <p>
                  A word finds names that contain it. Selectors find more:{' '}
                  <code>env=production and not tag=db</code>.
                </p>
              </EmptyState>
            }
            foot={
              fleet.total !== undefined && rows.length < fleet.total ? (
                <span>of {plural(fleet.total, 'host')}</span>
              ) : null
            }
          />
        )}
      </div>
      {dialogs}
    </div>
  );
};

const Summary = ({ rows }: { rows: readonly HostOverview[] }) => {
  const withSecurity = rows.filter((row) => (goodScan(row)?.securityCount ?? 0) > 0).length;
  const bad = rows.filter((row) => hostStatus(row).tone === 'bad').length;
  const reboot = rows.filter((row) => goodScan(row)?.facts?.rebootRequired === true).length;
  return (
    <span className="num">
      {plural(rows.length, 'host')} · {formatCount(withSecurity)} with security updates ·{' '}
      {formatCount(reboot)} to reboot
      {bad > 0 && <strong className="summary-bad"> · {formatCount(bad)} in trouble</strong>}
    </span>
  );
};
