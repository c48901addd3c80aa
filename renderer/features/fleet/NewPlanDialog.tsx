/** Plans a snapshot on hosts: which one, with which limits. The plan is then shown; nothing is changed before it is started there. */
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { ok } from '../../../shared/errors.ts';
import type { SnapshotSummary } from '../../../shared/model/snapshot.ts';
import { type Loadable, loaded, loading, present } from '../../app/loadable.ts';
import { useClient } from '../../transport/client.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { EmptyState, Loading } from '../../ui/EmptyState.tsx';
import { ErrorState } from '../../ui/Notice.tsx';
import { PlanForm } from '../plan/PlanForm.tsx';
import { useFleet } from './store.ts';

export type NewPlanDialogProps = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** Fixed hosts, as selectors; undefined: asked for. */
  selectors?: readonly string[] | undefined;
  /** Names of those hosts, to be shown. */
  names?: readonly string[] | undefined;
  /** Preselected: `NAME` or `NAME@REV`. */
  snapshot?: string | undefined;
};

export const NewPlanDialog = (props: NewPlanDialogProps) => (
  <Dialog
    open={props.open}
    onClose={() => props.onOpenChange(false)}
    size="lg"
    title="Plan a snapshot"
    text="Every host simulates it with its own package manager. You see what would change, host by host, before anything does."
  >
    {props.open && <PlanLoader {...props} />}
  </Dialog>
);

const PlanLoader = (props: NewPlanDialogProps) => {
  const client = useClient();
  const hosts = useFleet((state) => present(state.hosts));
  const frozenBy = new Set(
    (props.names ?? []).map((name) => hosts?.find((each) => each.host.name === name)?.frozenBy),
  );
  const [snapshots, setSnapshots] = useState<Loadable<SnapshotSummary[]>>(loading);
  useEffect(() => {
    const abort = new AbortController();
    void client.call('snapshots.list', {}, abort.signal).then((result) => {
      if (!abort.signal.aborted)
        setSnapshots((before) => loaded(result.ok ? ok(result.value.snapshots) : result, before));
    });
    return () => abort.abort();
  }, [client]);
  if (snapshots.status === 'error')
    return <ErrorState error={snapshots.error} title="The snapshots could not be read" />;
  const list = present(snapshots);
  if (list === undefined) return <Loading label="The snapshots are read" rows={4} />;
  if (list.length === 0)
    return (
      <EmptyState title="There is no snapshot yet">
        <p>
          A run deploys a snapshot: a list of approved updates that stays as it is. Make one from a scan on
          the{' '}
          <Link href="/snapshots" onClick={() => props.onOpenChange(false)}>
            snapshots page
          </Link>
          .
        </p>
      </EmptyState>
    );
  return (
    <PlanForm
      snapshots={list}
      snapshot={props.snapshot ?? likely(list, frozenBy)}
      selectors={props.selectors}
      names={props.names}
      onClose={() => props.onOpenChange(false)}
    />
  );
};

/** The one that freezes all of the hosts, for nothing else may be deployed on them; else the newest. */
const likely = (snapshots: readonly SnapshotSummary[], frozenBy: ReadonlySet<string | undefined>): string => {
  const [only] = frozenBy;
  if (frozenBy.size === 1 && only !== undefined) return only;
  return [...snapshots].sort((a, b) => b.createdAt.localeCompare(a.createdAt))[0]?.name ?? '';
};
