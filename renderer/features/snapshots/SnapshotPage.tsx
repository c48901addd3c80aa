/** One snapshot: its entries to edit, its freeze, its comparisons and its history. */
import { Download, Ellipsis, KeyRound, ListChecks, Package, Rocket, Snowflake, Trash2 } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { SnapshotView } from '../../../shared/model/snapshot.ts';
import { useCommand } from '../../app/commands.ts';
import { present } from '../../app/loadable.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Button, IconButton } from '../../ui/Button.tsx';
import { ConfirmDialog } from '../../ui/Dialog.tsx';
import { Loading } from '../../ui/EmptyState.tsx';
import { plural } from '../../ui/format.ts';
import { Menu } from '../../ui/Menu.tsx';
import { ErrorState } from '../../ui/Notice.tsx';
import { PageHeader } from '../../ui/PageHeader.tsx';
import { snapshotLook } from '../../ui/states.ts';
import { Tabs } from '../../ui/Tabs.tsx';
import { RelativeTime } from '../../ui/Time.tsx';
import { toast, toastError } from '../../ui/Toast.tsx';
import { NewPlanDialog } from '../fleet/NewPlanDialog.tsx';
import { SignDialog } from '../signing/SignDialog.tsx';
import { HistoryTab } from '../versions/HistoryTab.tsx';
import { ApplyRulesDialog } from './ApplyRulesDialog.tsx';
import { BundleDialog } from './BundleDialog.tsx';
import { CompareTab } from './CompareTab.tsx';
import { isDirty } from './drafts.ts';
import { EntriesTab } from './EntriesTab.tsx';
import { FreezeBanner } from './FreezeBanner.tsx';
import { FreezeDialog } from './FreezeDialog.tsx';
import { useSnapshots, type Warning } from './store.ts';
import './snapshots.css';

export const SnapshotPage = ({ name }: { name: string }) => {
  const { loadable, read } = useSnapshots((s) => ({ loadable: s.open[name], read: s.read }));
  useEffect(() => void read(name), [name, read]);
  const shown = loadable === undefined ? undefined : present(loadable);
  if (shown !== undefined)
    return (
      <>
        <Opened head={shown.head} warnings={shown.warnings} />
        {loadable?.status === 'error' && (
          <ErrorState
            title="The snapshot could not be read again"
            error={loadable.error}
            onRetry={() => void read(name)}
          />
        )}
      </>
    );
  return (
    <div className="page">
      <PageHeader title={name} crumb={<Link href="/snapshots">Snapshots</Link>} />
      <div className="page-body">
        {loadable?.status === 'error' ? (
          <ErrorState
            title="The snapshot cannot be shown"
            error={loadable.error}
            onRetry={() => void read(name)}
          />
        ) : (
          <Loading label="Reading the snapshot" />
        )}
      </div>
    </div>
  );
};

type Open = 'plan' | 'freeze' | 'sign' | 'bundle' | 'rules' | 'remove' | undefined;

const Opened = ({ head, warnings }: { head: SnapshotView; warnings: readonly Warning[] }) => {
  const { dirty, count, remove, exportFile } = useSnapshots((s) => ({
    dirty: isDirty(s.drafts[head.name]),
    count: s.drafts[head.name]?.editor.entries.length ?? head.entries.length,
    remove: s.remove,
    exportFile: s.exportFile,
  }));
  const [, navigate] = useLocation();
  const [tab, setTab] = useState('entries');
  const [dialog, setDialog] = useState<Open>();
  const look = snapshotLook[head.state];
  useLeaveGuard(head.name, dirty);
  useCommand({
    id: 'snapshot.plan',
    label: `Plan a run of ${head.name}…`,
    group: 'Snapshot',
    keys: 'p',
    run: () => setDialog('plan'),
  });

  const download = async () => {
    const result = await exportFile(head.name);
    if (!result.ok) return toastError('It was not exported', result.error);
    const url = URL.createObjectURL(new Blob([result.value.text], { type: 'application/json' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = result.value.fileName;
    link.click();
    URL.revokeObjectURL(url);
    toast({ tone: 'good', title: `Exported as ${result.value.fileName}` });
  };

  const unsavedReason = 'Save or discard the unsaved changes first';
  return (
    <div className="page">
      <PageHeader
        title={head.name}
        crumb={<Link href="/snapshots">Snapshots</Link>}
        badges={
          <>
            <Badge {...look}>{look.label}</Badge>
            {dirty && <Badge tone="warn">unsaved changes</Badge>}
          </>
        }
        subtitle={
          <>
            Revision {head.revision} by {head.author.name}, <RelativeTime at={head.createdAt} /> ·{' '}
            <code title={head.id}>{head.id.slice(0, 19)}</code>
            {head.message !== undefined && <span className="wrap-any"> · {firstLine(head.message)}</span>}
          </>
        }
        actions={
          <>
            <Button
              icon={<Snowflake size={15} aria-hidden />}
              disabled={dirty}
              reason={unsavedReason}
              onClick={() => setDialog('freeze')}
            >
              Freeze…
            </Button>
            <Button
              variant="primary"
              icon={<Rocket size={15} aria-hidden />}
              disabled={dirty}
              reason={unsavedReason}
              onClick={() => setDialog('plan')}
            >
              Plan a run…
            </Button>
            <Menu
              label="More"
              trigger={
                <IconButton variant="secondary" label="More" icon={<Ellipsis size={16} aria-hidden />} />
              }
              items={[
                {
                  id: 'export',
                  label: 'Export to a file',
                  note: `${head.name}@${head.revision} with its revisions`,
                  icon: <Download size={14} aria-hidden />,
                  onSelect: () => void download(),
                },
                {
                  id: 'sign',
                  label: 'Signatures…',
                  note: `who vouches for ${head.name}@${head.revision}`,
                  icon: <KeyRound size={14} aria-hidden />,
                  onSelect: () => setDialog('sign'),
                },
                {
                  id: 'bundle',
                  label: 'Make a bundle…',
                  note: 'with its packages, for hosts without a repository',
                  icon: <Package size={14} aria-hidden />,
                  onSelect: () => setDialog('bundle'),
                },
                ...(head.rules === undefined
                  ? []
                  : [
                      {
                        id: 'rules',
                        label: 'Apply the rules again…',
                        note: dirty ? unsavedReason : 'to what its hosts are offered now',
                        icon: <ListChecks size={14} aria-hidden />,
                        disabled: dirty,
                        onSelect: () => setDialog('rules'),
                      },
                    ]),
                { kind: 'separator', id: 'line' },
                {
                  id: 'remove',
                  label: 'Remove…',
                  danger: true,
                  icon: <Trash2 size={14} aria-hidden />,
                  onSelect: () => setDialog('remove'),
                },
              ]}
            />
          </>
        }
      />
      <div className="page-body">
        <FreezeBanner snapshot={head} />
        <Tabs
          label={`Snapshot ${head.name}`}
          value={tab}
          onChange={setTab}
          items={[
            {
              id: 'entries',
              label: 'Entries',
              count,
              content: <EntriesTab name={head.name} warnings={warnings} />,
            },
            { id: 'compare', label: 'Compare', content: <CompareTab head={head} dirty={dirty} /> },
            {
              id: 'history',
              label: 'History',
              count: head.revision,
              content: <HistoryTab head={head} dirty={dirty} />,
            },
          ]}
        />
      </div>
      <NewPlanDialog
        open={dialog === 'plan'}
        onOpenChange={(open) => setDialog(open ? 'plan' : undefined)}
        snapshot={head.name}
      />
      {dialog === 'sign' && (
        <SignDialog
          snapshot={{ name: head.name, revision: head.revision, id: head.id }}
          onClose={() => setDialog(undefined)}
        />
      )}
      {dialog === 'rules' && <ApplyRulesDialog snapshot={head} onClose={() => setDialog(undefined)} />}
      {dialog === 'bundle' && <BundleDialog snapshot={head} onClose={() => setDialog(undefined)} />}
      {dialog === 'freeze' && <FreezeDialog snapshot={head} onClose={() => setDialog(undefined)} />}
      <ConfirmDialog
        open={dialog === 'remove'}
        onOpenChange={(open) => setDialog(open ? 'remove' : undefined)}
        title={`Remove ${head.name}?`}
        confirmLabel="Remove the snapshot"
        requireText={head.name}
        onConfirm={async () => {
          const result = await remove(head.name);
          if (result.ok) navigate('/snapshots');
          return result;
        }}
      >
        <p>
          All {plural(head.revision, 'revision')} of it are removed from this console. Runs that used them
          stay in the history. Export it first if somebody may need it again.
        </p>
      </ConfirmDialog>
    </div>
  );
};

const firstLine = (text: string): string => {
  const line = text.split('\n')[0] ?? '';
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
};

/**
 * Closing or reloading the window with unsaved changes asks first. Leaving the page keeps them, and says so: the list is
 * there again when one comes back.
 */
const useLeaveGuard = (name: string, dirty: boolean): void => {
  const [, navigate] = useLocation();
  const latest = useRef({ dirty, navigate });
  latest.current = { dirty, navigate };
  useEffect(() => {
    if (!dirty) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [dirty]);
  useEffect(
    () => () => {
      const { dirty: left, navigate: go } = latest.current;
      if (left)
        toast({
          tone: 'warn',
          title: `The changes to ${name} are not saved`,
          text: 'They are kept while this window is open.',
          action: { label: 'Go back', run: () => go(`/snapshots/${encodeURIComponent(name)}`) },
        });
    },
    [name],
  );
};
