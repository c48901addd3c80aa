/** A new snapshot of what rules take now. */
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { useLocation } from 'wouter';
import type { RulesSource } from '../../../shared/contract/rules.ts';
import type { FrostError } from '../../../shared/errors.ts';
import { SnapshotName } from '../../../shared/model/primitives.ts';
import { useClient } from '../../transport/client.tsx';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Field, Input } from '../../ui/Field.tsx';
import { plural } from '../../ui/format.ts';
import { ErrorState } from '../../ui/Notice.tsx';

export const CreateFromRules = ({
  rules,
  selector,
  entries,
  onClose,
}: {
  rules: RulesSource;
  selector: string;
  /** How many the preview counted. */
  entries: number;
  onClose: () => void;
}) => {
  const client = useClient();
  const [, navigate] = useLocation();
  const [error, setError] = useState<FrostError>();
  const form = useForm({ defaultValues: { name: '', message: '' } });
  const { errors, isSubmitting } = form.formState;
  const submit = form.handleSubmit(async ({ name, message }) => {
    setError(undefined);
    const result = await client.call('snapshots.create', {
      name: name.trim(),
      rules,
      ...(selector.trim() === '' ? {} : { from: [selector.trim()] }),
      ...(message.trim() === '' ? {} : { message: message.trim() }),
    });
    if (!result.ok) return setError(result.error);
    onClose();
    navigate(`/snapshots/${encodeURIComponent(result.value.snapshot.name)}`);
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title="New snapshot from rules"
      onSubmit={(event) => void submit(event)}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={isSubmitting}>
            Create
          </Button>
        </>
      }
    >
      <p>
        It will hold {plural(entries, 'entry', 'entries')}, each with the rule that made it, and the rules
        themselves. Later changes of the rules do not change it.
      </p>
      <Field label="Name" required error={errors.name?.message}>
        <Input
          {...form.register('name', {
            validate: (value) => {
              const parsed = SnapshotName.safeParse(value.trim());
              return parsed.success || `A name has ${parsed.error.issues[0]?.message ?? 'other characters'}.`;
            },
          })}
        />
      </Field>
      <Field label="Message" optional>
        <Input maxLength={2000} {...form.register('message')} />
      </Field>
      {error !== undefined && <ErrorState error={error} />}
    </Dialog>
  );
};
