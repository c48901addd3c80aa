/** A new snapshot of what rules take now. */
import { useForm } from 'react-hook-form';
import { useLocation } from 'wouter';
import type { RulesSource } from '../../../shared/contract/rules.ts';
import type { Result } from '../../../shared/errors.ts';
import { useClient } from '../../transport/client.tsx';
import { Field, Input } from '../../ui/Field.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { plural } from '../../ui/format.ts';
import { NameField, validName } from '../snapshots/NameField.tsx';

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
  const form = useForm({ defaultValues: { name: '', message: '' } });
  const { errors } = form.formState;
  const submit = async () => {
    let made: Result<unknown> | undefined;
    await form.handleSubmit(async ({ name, message }) => {
      const result = await client.call('snapshots.create', {
        name: name.trim(),
        rules,
        ...(selector.trim() === '' ? {} : { from: [selector.trim()] }),
        ...(message.trim() === '' ? {} : { message: message.trim() }),
      });
      if (result.ok) navigate(`/snapshots/${encodeURIComponent(result.value.snapshot.name)}`);
      made = result;
    })();
    return made;
  };
  return (
    <FormDialog onClose={onClose} title="New snapshot from rules" onSubmit={submit} action="Create">
      <p>
        It will hold {plural(entries, 'entry', 'entries')}, each with the rule that made it, and the rules
        themselves. Later changes of the rules do not change it.
      </p>
      <NameField field={form.register('name', { validate: validName })} error={errors.name?.message} />
      <Field label="Message" optional>
        <Input maxLength={2000} {...form.register('message')} />
      </Field>
    </FormDialog>
  );
};
