/** A new snapshot: from what the last scans of some hosts offer, or empty. */
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { useLocation } from 'wouter';
import type { FrostError } from '../../../shared/errors.ts';
import { SnapshotName } from '../../../shared/model/primitives.ts';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Field, Input, Segmented } from '../../ui/Field.tsx';
import { ErrorState } from '../../ui/Notice.tsx';
import { useSnapshots } from './store.ts';
import { UnscannedNotice } from './UnscannedNotice.tsx';
import { matchText, unscannedOf, useMatches, without } from './useMatches.ts';

type Content = 'all' | 'security' | 'empty';
type Form = { name: string; selector: string; message: string };

export const CreateDialog = ({ onClose, selector = 'all' }: { onClose: () => void; selector?: string }) => {
  const create = useSnapshots((s) => s.create);
  const [, navigate] = useLocation();
  const [content, setContent] = useState<Content>('all');
  const [error, setError] = useState<FrostError>();
  const form = useForm<Form>({ defaultValues: { name: '', selector, message: '' } });
  const { errors, isSubmitting } = form.formState;
  const matches = useMatches(content === 'empty' ? '' : form.watch('selector'));
  const unscanned = unscannedOf(matches);

  const submit = form.handleSubmit(async (values) => {
    setError(undefined);
    const result = await create({
      name: values.name.trim(),
      from: content === 'empty' ? undefined : [values.selector.trim()],
      security: content === 'security',
      message: values.message.trim(),
    });
    if (!result.ok) return setError(result.error);
    onClose();
    navigate(`/snapshots/${encodeURIComponent(result.value.name)}`);
  });

  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title="New snapshot"
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
      <Field label="Name" required error={errors.name?.message} hint="For example june or web-2026-11">
        <Input
          {...form.register('name', {
            validate: (value) => {
              const parsed = SnapshotName.safeParse(value.trim());
              return parsed.success || `A name has ${parsed.error.issues[0]?.message ?? 'other characters'}.`;
            },
          })}
        />
      </Field>
      <Segmented
        label="Entries"
        value={content}
        onChange={setContent}
        options={[
          { value: 'all', label: 'All updates' },
          { value: 'security', label: 'Security only' },
          { value: 'empty', label: 'None yet' },
        ]}
      />
      {content !== 'empty' && (
        <Field
          label="From the last scans of"
          required
          error={matches.status === 'error' ? matches.error.message : errors.selector?.message}
          hint={matchText(matches)}
        >
          <Input
            mono
            {...form.register('selector', {
              validate: (value) => value.trim() !== '' || 'Say of which hosts.',
            })}
          />
        </Field>
      )}
      {unscanned.length > 0 && (
        <UnscannedNotice
          hosts={unscanned}
          onLeaveOut={() => form.setValue('selector', without(form.getValues('selector'), unscanned))}
        />
      )}
      <Field label="Message" optional>
        <Input maxLength={2000} {...form.register('message')} />
      </Field>
      {error !== undefined && <ErrorState error={error} />}
    </Dialog>
  );
};
