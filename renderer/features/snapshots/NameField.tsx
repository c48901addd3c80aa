/** The name of a new snapshot. */
import type { UseFormRegisterReturn } from 'react-hook-form';
import { SnapshotName } from '../../../shared/model/primitives.ts';
import { Field, Input } from '../../ui/Field.tsx';

/** For `register('name', { validate })`. */
export const validName = (value: string): true | string => {
  const parsed = SnapshotName.safeParse(value.trim());
  return parsed.success || `A name has ${parsed.error.issues[0]?.message ?? 'other characters'}.`;
};

export const NameField = ({
  field,
  error,
  hint,
}: {
  field: UseFormRegisterReturn;
  error: string | undefined;
  hint?: string;
}) => (
  <Field label="Name" required error={error} hint={hint}>
    <Input {...field} />
  </Field>
);
