/** The note of an entry. */
import { useState } from 'react';
import { ok } from '../../../shared/errors.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { Field, Textarea } from '../../ui/Field.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';

export const NoteDialog = ({
  entry,
  onNote,
  onClose,
}: {
  entry: Entry;
  onNote: (note: string) => void;
  onClose: () => void;
}) => {
  const [note, setNote] = useState(entry.note ?? '');
  return (
    <FormDialog
      onClose={onClose}
      title={`Note on ${entry.name}`}
      action="Keep the note"
      onSubmit={async () => ok(onNote(note.trim()))}
    >
      <Field label="Note" hint="Empty removes it. It is saved with the next revision.">
        <Textarea rows={4} maxLength={2000} value={note} onChange={(event) => setNote(event.target.value)} />
      </Field>
    </FormDialog>
  );
};
