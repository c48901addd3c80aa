/** The form of a new plan: the simple part in sight, the rest in groups; every parameter with the number it comes to. */
import { useEffect, useState } from 'react';
import { type FieldErrors, type Resolver, useForm, useWatch } from 'react-hook-form';
import { useLocation } from 'wouter';
import type { FrostError } from '../../../shared/errors.ts';
import type { SnapshotSummary } from '../../../shared/model/snapshot.ts';
import { useClient } from '../../transport/client.tsx';
import { Button } from '../../ui/Button.tsx';
import { Field, Input, Select } from '../../ui/Field.tsx';
import { formatList, plural } from '../../ui/format.ts';
import { ErrorState } from '../../ui/Notice.tsx';
import { matchText, useMatches } from '../snapshots/useMatches.ts';
import { concurrencyComesTo, maxFailuresComesTo } from './fieldWords.ts';
import { Comes, PlanSections } from './PlanSections.tsx';
import {
  type FieldName,
  firstFields,
  type PlanFields,
  parametersOf,
  problemsOf,
  SECTION,
  type Section,
  sharesOfCompleted,
} from './planFields.ts';
import './planForm.css';

const resolver: Resolver<PlanFields> = (values) => {
  const problems = problemsOf(values, Date.now());
  const errors: FieldErrors<PlanFields> = Object.fromEntries(
    Object.entries(problems).map(([name, message]) => [name, { type: 'custom', message }]),
  );
  return Object.keys(errors).length === 0 ? { values, errors: {} } : { values: {}, errors };
};

const isName = (name: string): name is FieldName => name !== 'root';

export type PlanFormProps = {
  snapshots: readonly SnapshotSummary[];
  /** Preselected: `NAME` or `NAME@REV`. */
  snapshot: string;
  /** Fixed hosts, as selectors; undefined: asked for. */
  selectors: readonly string[] | undefined;
  /** Names of those hosts, to be shown and counted. */
  names: readonly string[] | undefined;
  onClose: () => void;
};

export const PlanForm = ({ snapshots, snapshot, selectors, names, onClose }: PlanFormProps) => {
  const client = useClient();
  const [, navigate] = useLocation();
  const [error, setError] = useState<FrostError>();
  const [open, setOpen] = useState<ReadonlySet<Section>>(new Set());
  const [wrong, setWrong] = useState<{ name: FieldName }>();
  const [abort] = useState(() => new AbortController());
  useEffect(() => () => abort.abort(), [abort]);
  const { register, handleSubmit, formState, control, setFocus } = useForm<PlanFields>({
    defaultValues: firstFields({ snapshot, hosts: selectors === undefined ? '' : 'chosen' }),
    resolver,
    mode: 'onTouched',
    // A field of a closed group cannot take the focus before its group is open.
    shouldFocusError: false,
  });
  const { errors, isSubmitting } = formState;
  const fields = useWatch({ control, compute: (values: PlanFields) => values });
  const matches = useMatches(selectors === undefined ? fields.hosts : '');
  const targets = names?.length ?? (matches.status === 'matched' ? matches.hosts.length : undefined);

  useEffect(() => {
    if (wrong !== undefined) setFocus(wrong.name);
  }, [wrong, setFocus]);

  const submit = handleSubmit(
    async (values) => {
      setError(undefined);
      const result = await client.call(
        'plans.create',
        {
          snapshot: values.snapshot,
          selectors: selectors === undefined ? [values.hosts] : [...selectors],
          parameters: parametersOf(values),
        },
        abort.signal,
      );
      if (abort.signal.aborted) return;
      if (!result.ok) return setError(result.error);
      onClose();
      navigate(`/plan/${result.value.plan.id}`);
    },
    (found) => {
      const bad = Object.keys(fields).filter((name) => isName(name) && found[name] !== undefined);
      const sections = bad.flatMap((name) => (isName(name) ? [SECTION[name]] : []));
      setOpen((before) => new Set([...before, ...sections.filter((each) => each !== undefined)]));
      const [first] = bad;
      if (first !== undefined && isName(first)) setWrong({ name: first });
    },
  );
  const known = snapshots.some((each) => each.name === snapshot);

  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <div className="fields fields-2">
        <Field label="Snapshot" required error={errors.snapshot?.message}>
          <Select {...register('snapshot')}>
            {snapshot !== '' && !known && <option value={snapshot}>{snapshot}</option>}
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
            error={errors.hosts?.message ?? (matches.status === 'error' ? matches.error.message : undefined)}
            hint={matchText(matches)}
            className="selector-field"
          >
            <Input {...register('hosts')} mono maxLength={2000} />
          </Field>
        ) : (
          <div className="field">
            <span className="field-label">Hosts</span>
            <span>{names === undefined ? selectors.join(', ') : formatList(names, 8)}</span>
          </div>
        )}
        <Field
          label="Hosts at once"
          required
          error={errors.concurrency?.message}
          hint={
            <Comes to={concurrencyComesTo(fields, targets)}>
              A number or a share: 10 or 25%. Never more, rollbacks included.
            </Comes>
          }
        >
          <Input {...register('concurrency')} />
        </Field>
        <Field
          label="Failures allowed"
          required
          error={errors.maxFailures?.message}
          hint={
            <Comes to={maxFailuresComesTo(fields, targets)}>
              2, 10% or 10%-of-completed. One more and nothing new starts.
            </Comes>
          }
        >
          <Input {...register('maxFailures')} />
        </Field>
        {sharesOfCompleted(fields) && (
          <Field
            label="Looked at from"
            required
            error={errors.minCompleted?.message}
            hint="So many hosts must have completed before the share counts"
          >
            <Input {...register('minCompleted')} inputMode="numeric" />
          </Field>
        )}
        <Field label="When a host fails" required>
          <Select {...register('onFailure')}>
            <option value="rollback-host">roll that host back</option>
            <option value="keep">leave it as it is</option>
            <option value="rollback-run">end the run and roll every host back</option>
          </Select>
        </Field>
        <Field
          label="Reboot"
          required
          hint={
            fields.reboot === 'never'
              ? 'The run says which hosts want one.'
              : 'The return is verified: boot, kernel, services and health probe.'
          }
        >
          <Select {...register('reboot')}>
            <option value="never">never</option>
            <option value="if-required">hosts that want one</option>
            <option value="always">every host that is changed</option>
          </Select>
        </Field>
      </div>
      <PlanSections
        register={register}
        errors={errors}
        fields={fields}
        targets={targets}
        open={open}
        onOpen={(section, shown) =>
          setOpen((before) => {
            const next = new Set(before);
            if (shown) next.add(section);
            else next.delete(section);
            return next;
          })
        }
      />
      {error !== undefined && <ErrorState error={error} title="It could not be planned" />}
      <div className="form-end">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" busy={isSubmitting}>
          {isSubmitting ? 'The hosts simulate…' : 'Make the plan'}
        </Button>
      </div>
    </form>
  );
};
