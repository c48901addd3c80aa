/** A new snapshot: from what the last scans of some hosts offer, or empty. */
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { useLocation } from 'wouter';
import type { Result } from '../../../shared/errors.ts';
import { Field, Input, Segmented } from '../../ui/Field.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { NameField, validName } from './NameField.tsx';
import { useSnapshots } from './store.ts';
import { UnscannedNotice } from './UnscannedNotice.tsx';
import { matchText, unscannedOf, useMatches, without } from './useMatches.ts';

type Content = 'all' | 'security' | 'empty';
type Form = { name: string; selector: string; message: string };

export const CreateDialog = ({ onClose, selector = 'all' }: { onClose: () => void; selector?: string }) => {
  const create = useSnapshots((s) => s.create);
  const [, navigate] = useLocation();
  const [content, setContent] = useState<Content>('all');
  const form = useForm<Form>({ defaultValues: { name: '', selector, message: '' } });
  const { errors } = form.formState;
  const matches = useMatches(content === 'empty' ? '' : form.watch('selector'));
  const unscanned = unscannedOf(matches);

  const submit = async () => {
    let made: Result<unknown> | undefined;
    await form.handleSubmit(async (values) => {
      const result = await create({
        name: values.name.trim(),
        from: content === 'empty' ? undefined : [values.selector.trim()],
        security: content === 'security',
        message: values.message.trim(),
      });
      if (result.ok) navigate(`/snapshots/${encodeURIComponent(result.value.name)}`);
      made = result;
    })();
    return made;
  };

  return (
    <FormDialog
      onClose={onClose}
      title="New snapshot"
      onSubmit={submit}
      action="Create"
      notice={
        unscanned.length > 0 && (
          <UnscannedNotice
            hosts={unscanned}
            onLeaveOut={() => form.setValue('selector', without(form.getValues('selector'), unscanned))}
          />
        )
      }
    >
      <NameField
        field={form.register('name', { validate: validName })}
        error={errors.name?.message}
        hint="For example june or web-2026-11"
      />
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
          className="selector-field"
        >
          <Input
            mono
            {...form.register('selector', {
              validate: (value) => value.trim() !== '' || 'Say of which hosts.',
            })}
          />
        </Field>
      )}
      <Field label="Message" optional>
        <Input maxLength={2000} {...form.register('message')} />
      </Field>
    </FormDialog>
  );
};
