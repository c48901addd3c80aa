/** All snapshots, with what they are in and when their freeze ends. Files may be dropped anywhere on the page. */
import { FileDown, Layers, Plus } from 'lucide-react';
import { type DragEvent, useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { SnapshotSummary } from '../../../shared/model/snapshot.ts';
import { useCommand } from '../../app/commands.ts';
import { present } from '../../app/loadable.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { EmptyState, Loading } from '../../ui/EmptyState.tsx';
import { ErrorState } from '../../ui/Notice.tsx';
import { PageHeader } from '../../ui/PageHeader.tsx';
import { snapshotLook } from '../../ui/states.ts';
import { RelativeTime } from '../../ui/Time.tsx';
import { CreateDialog } from './CreateDialog.tsx';
import { inZone } from './freezeTime.ts';
import { ImportDialog } from './ImportDialog.tsx';
import { dirtyNames, type FreezeInfo, useSnapshots } from './store.ts';
import './snapshots.css';

type Row = SnapshotSummary & { held: FreezeInfo | undefined; unsaved: boolean };

const COLUMNS: readonly Column<Row>[] = [
  {
    id: 'name',
    header: 'Name',
    min: 11,
    grow: 2,
    sort: (row) => row.name,
    cell: (row, { tabIndex }) => (
      <span className="row snap-name">
        <Link href={`/snapshots/${encodeURIComponent(row.name)}`} tabIndex={tabIndex}>
          {row.name}
        </Link>
        {row.unsaved && <Badge tone="warn">unsaved changes</Badge>}
      </span>
    ),
  },
  {
    id: 'state',
    header: 'State',
    min: 7,
    sort: (row) => row.state,
    cell: (row) => <Badge {...snapshotLook[row.state]}>{snapshotLook[row.state].label}</Badge>,
  },
  {
    id: 'revision',
    header: 'Revision',
    min: 6,
    align: 'end',
    descFirst: true,
    sort: (row) => row.revision,
    cell: (row) => row.revision,
  },
  {
    id: 'entries',
    header: 'Entries',
    min: 5.5,
    align: 'end',
    descFirst: true,
    sort: (row) => row.entryCount,
    cell: (row) => row.entryCount,
  },
  {
    id: 'freeze',
    header: 'Freeze until',
    min: 11.5,
    grow: 1,
    sort: (row) => row.held?.to,
    cell: ({ held, revision }) =>
      held === undefined ? (
        <span className="muted">–</span>
      ) : (
        <span title={`${inZone(held.from, held.zone)} to ${inZone(held.to, held.zone)} (${held.zone})`}>
          {inZone(held.to, held.zone)}
          {held.revision !== revision && <span className="muted"> (revision {held.revision})</span>}
        </span>
      ),
  },
  {
    id: 'hosts',
    header: 'Frozen hosts',
    min: 7.5,
    align: 'end',
    sort: (row) => row.held?.hosts.length,
    cell: (row) => row.held?.hosts.length ?? <span className="muted">–</span>,
  },
  {
    id: 'changed',
    header: 'Changed',
    min: 7,
    descFirst: true,
    sort: (row) => row.createdAt,
    cell: (row) => <RelativeTime at={row.createdAt} />,
  },
  {
    id: 'author',
    header: 'By',
    min: 5,
    grow: 1,
    sort: (row) => row.author.name,
    cell: (row) => row.author.name,
  },
];

export const SnapshotsPage = () => {
  const { list, freezes, reload, dirty } = useSnapshots((s) => ({
    list: s.list,
    freezes: s.freezes,
    reload: s.reload,
    dirty: dirtyNames(s).join('\n'),
  }));
  const [, navigate] = useLocation();
  const [dialog, setDialog] = useState<'create' | 'import'>();
  const [file, setFile] = useState<File>();
  const [over, setOver] = useState(false);
  useCommand({
    id: 'snapshot.new',
    label: 'New snapshot…',
    group: 'Snapshots',
    keys: 'n',
    run: () => setDialog('create'),
  });
  useCommand({
    id: 'snapshot.import',
    label: 'Import a snapshot file…',
    group: 'Snapshots',
    run: () => setDialog('import'),
  });

  const snapshots = present(list);
  const unsaved = new Set(dirty.split('\n'));
  const rows = (snapshots ?? []).map(
    (each): Row => ({
      ...each,
      held: freezes.find((freeze) => freeze.lineId === each.lineId),
      unsaved: unsaved.has(each.name),
    }),
  );
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const [dropped] = event.dataTransfer.files;
    if (dropped === undefined) return;
    setFile(dropped);
    setDialog('import');
  };
  const create = (
    <Button variant="primary" icon={<Plus size={15} aria-hidden />} onClick={() => setDialog('create')}>
      New snapshot…
    </Button>
  );
  const importing = (
    <Button
      icon={<FileDown size={15} aria-hidden />}
      onClick={() => {
        setFile(undefined);
        setDialog('import');
      }}
    >
      Import…
    </Button>
  );

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping a file is a second way; the button is the first
    <div
      className="page"
      data-drop={over ? '' : undefined}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes('Files')) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (event.currentTarget === event.target) setOver(false);
      }}
      onDrop={onDrop}
    >
      <PageHeader
        title="Snapshots"
        subtitle="Lists of approved patches, kept as revisions that never change."
        actions={
          <>
            {importing}
            {create}
          </>
        }
      />
      <div className="page-body">
        {list.status === 'error' && (
          <ErrorState title="The snapshots cannot be read" error={list.error} onRetry={() => void reload()} />
        )}
        {snapshots === undefined && list.status === 'loading' && <Loading label="Reading the snapshots" />}
        {snapshots?.length === 0 && (
          <EmptyState
            icon={Layers}
            title="No snapshots yet"
            actions={
              <>
                {create}
                {importing}
              </>
            }
          >
            <p>
              A snapshot is the list of patches you approve: made from the updates the last scans found,
              edited and ordered here, frozen for a time, and run on your hosts.
            </p>
            <p>Scan the fleet first, or import a file somebody sent you by dropping it here.</p>
          </EmptyState>
        )}
        {rows.length > 0 && (
          <DataTable
            label="Snapshots"
            noun="snapshot"
            columns={COLUMNS}
            rows={rows}
            rowKey={(row) => row.lineId}
            rowLabel={(row) => row.name}
            initialSort={{ id: 'changed', desc: true }}
            onOpen={(row) => navigate(`/snapshots/${encodeURIComponent(row.name)}`)}
          />
        )}
        {over && <div className="snap-drop">Drop the file to look at it; nothing is imported yet.</div>}
      </div>
      {dialog === 'create' && <CreateDialog onClose={() => setDialog(undefined)} />}
      {dialog === 'import' && <ImportDialog file={file} onClose={() => setDialog(undefined)} />}
    </div>
  );
};
