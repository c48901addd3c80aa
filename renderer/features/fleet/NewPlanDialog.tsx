/** Plans a snapshot on hosts: which one, with which limits. The plan is then shown; nothing is changed before it is started there. */
import { useEffect, useState } from 'react';
import { type FieldErrors, type Resolver, useForm } from 'react-hook-form';
import { Link, useLocation } from 'wouter';
import { type FrostError, ok } from '../../../shared/errors.ts';
import { RunParameters } from '../../../shared/model/plan.ts';
import type { SnapshotSummary } from '../../../shared/model/snapshot.ts';
import { type Loadable, loaded, loading, present } from '../../app/loadable.ts';
import { useClient } from '../../transport/client.tsx';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { EmptyState, Loading } from '../../ui/EmptyState.tsx';
import { Checkbox, Field, Input, Select } from '../../ui/Field.tsx';
import { formatList, plural } from '../../ui/format.ts';
import { ErrorState } from '../../ui/Notice.tsx';
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
    onOpenChange={props.onOpenChange}
    size="lg"
    title="Plan a snapshot"
    text="Every host simulates it with its own package manager. You see what would change, host by host, before anything does."
  >
    {props.open && <PlanLoader {...props} />}
  </Dialog>
);

type Fields = {
  snapshot: string;
  hosts: string;
  concurrency: string;
  maxFailures: string;
  ignoreUnreachable: boolean;
  onFailure: 'keep' | 'rollback-host' | 'rollback-run';
  reboot: 'never' | 'if-required' | 'always';
  timeout: string;
  lockTimeout: string;
  requireProof: boolean;
};
const PARAMETERS = [
  'concurrency',
  'maxFailures',
  'ignoreUnreachable',
  'onFailure',
  'reboot',
  'timeout',
  'lockTimeout',
  'requireProof',
] as const;

const MESSAGES: Partial<Record<keyof Fields, string>> = {
  concurrency: 'A number of hosts or a share of them: 5 or 25%.',
  maxFailures: 'A number, a share of all or of the completed: 2, 10% or 10%-of-completed.',
  timeout: 'A duration: 90s, 45m, 2h.',
  lockTimeout: 'A duration: 90s, 5m, 1h.',
};

const resolver: Resolver<Fields> = (values) => {
  const errors: FieldErrors<Fields> = {};
  if (values.snapshot === '') errors.snapshot = { type: 'custom', message: 'Choose a snapshot.' };
  if (values.hosts.trim() === '')
    errors.hosts = { type: 'custom', message: 'Say which hosts: all, env=test, web-* …' };
  const parsed = RunParameters.safeParse(values);
  if (!parsed.success)
    for (const { path, message } of parsed.error.issues) {
      const name = PARAMETERS.find((each) => each === path[0]);
      if (name !== undefined) errors[name] = { type: 'custom', message: MESSAGES[name] ?? message };
    }
  return Object.keys(errors).length === 0 ? { values, errors: {} } : { values: {}, errors };
};

const PlanLoader = (props: NewPlanDialogProps) => {
  const client = useClient();
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
  return <PlanForm {...props} snapshots={list} />;
};

/** The one that freezes all of the hosts, for nothing else may be deployed on them; else the newest. */
const likely = (snapshots: readonly SnapshotSummary[], frozenBy: ReadonlySet<string | undefined>): string => {
  const [only] = frozenBy;
  if (frozenBy.size === 1 && only !== undefined) return only;
  return [...snapshots].sort((a, b) => b.createdAt.localeCompare(a.createdAt))[0]?.name ?? '';
};

const PlanForm = ({
  selectors,
  names,
  snapshot,
  snapshots,
  onOpenChange,
}: NewPlanDialogProps & { snapshots: SnapshotSummary[] }) => {
  const client = useClient();
  const [, navigate] = useLocation();
  const hosts = useFleet((state) => present(state.hosts));
  const frozenBy = new Set(
    (names ?? []).map((name) => hosts?.find((each) => each.host.name === name)?.frozenBy),
  );
  const [error, setError] = useState<FrostError>();
  const [abort] = useState(() => new AbortController());
  useEffect(() => () => abort.abort(), [abort]);
  const { register, handleSubmit, formState } = useForm<Fields>({
    defaultValues: {
      ...RunParameters.parse({}),
      snapshot: snapshot ?? likely(snapshots, frozenBy),
      hosts: selectors === undefined ? '' : 'chosen',
    },
    resolver,
  });
  const { errors, isSubmitting } = formState;
  const submit = handleSubmit(async (fields) => {
    setError(undefined);
    const parameters = RunParameters.parse(fields);
    const result = await client.call(
      'plans.create',
      {
        snapshot: fields.snapshot,
        selectors: selectors === undefined ? [fields.hosts] : [...selectors],
        parameters,
      },
      abort.signal,
    );
    if (abort.signal.aborted) return;
    if (!result.ok) return setError(result.error);
    onOpenChange(false);
    navigate(`/plan/${result.value.plan.id}`);
  });
  const known = snapshots.some((each) => each.name === snapshot);

  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <div className="fields">
        <Field label="Snapshot" required error={errors.snapshot?.message}>
          <Select {...register('snapshot')}>
            {snapshot !== undefined && !known && <option value={snapshot}>{snapshot}</option>}
            {snapshots.map((each) => (
              <option key={each.lineId} value={each.name}>
                {each.name}, revision {each.revision}, {each.state},{' '}
                {plural(each.entryCount, 'entry', 'entries')}
              </option>
            ))}
          </Select>
        </Field>
        {selectors === undefined ? (
          <Field
            label="Hosts"
            required
            error={errors.hosts?.message}
            hint="A selector: all, web-*, tag=web and env=test"
          >
            <Input {...register('hosts')} mono maxLength={2000} />
          </Field>
        ) : (
          <div className="field">
            <span className="field-label">Hosts</span>
            <span>{names === undefined ? selectors.join(', ') : formatList(names, 8)}</span>
          </div>
        )}
      </div>
      <fieldset className="group">
        <legend>Pace and limits</legend>
        <div className="fields">
          <Field
            label="Hosts at once"
            required
            error={errors.concurrency?.message}
            hint="A number or a share: 10 or 25%. Never more, rollbacks included."
          >
            <Input {...register('concurrency')} />
          </Field>
          <Field
            label="Failures allowed"
            required
            error={errors.maxFailures?.message}
            hint="2, 10% or 10%-of-completed. One more aborts the run: nothing new starts."
          >
            <Input {...register('maxFailures')} />
          </Field>
          <Field label="When a host fails" required>
            <Select {...register('onFailure')}>
              <option value="rollback-host">roll that host back</option>
              <option value="keep">leave it as it is</option>
            </Select>
          </Field>
          <Field label="Limit for one host" required error={errors.timeout?.message} hint="90s, 45m, 2h">
            <Input {...register('timeout')} />
          </Field>
          <Field
            label="Wait for the package lock"
            required
            error={errors.lockTimeout?.message}
            hint="While another process on the host holds it"
          >
            <Input {...register('lockTimeout')} />
          </Field>
        </div>
      </fieldset>
      <fieldset className="group">
        <legend>Caution</legend>
        <div className="stack">
          <Checkbox
            {...register('requireProof')}
            label="Only hosts whose rollback is proven"
            hint="Others are refused in the plan"
          />
          <Checkbox
            {...register('ignoreUnreachable')}
            label="Unreachable hosts do not count as failures"
            hint="The run is still not called a success without them"
          />
        </div>
      </fieldset>
      {error !== undefined && <ErrorState error={error} title="It could not be planned" />}
      <div className="form-end">
        <Button onClick={() => onOpenChange(false)}>Cancel</Button>
        <Button type="submit" variant="primary" busy={isSubmitting}>
          {isSubmitting ? 'The hosts simulate…' : 'Make the plan'}
        </Button>
      </div>
    </form>
  );
};
