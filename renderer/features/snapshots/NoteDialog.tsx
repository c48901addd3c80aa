/** The note of an entry. */
import { useState } from 'react';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Field, Textarea } from '../../ui/Field.tsx';

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
    <Dialog
      onClose={onClose}
      title={`Note on ${entry.name}`}
      onSubmit={(event) => {
        event.preventDefault();
        onNote(note.trim());
        onClose();
      }}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary">
            Keep the note
          </Button>
        </>
      }
    >
      <Field label="Note" hint="Empty removes it. It is saved with the next revision.">
        <Textarea rows={4} maxLength={2000} value={note} onChange={(event) => setNote(event.target.value)} />
      </Field>
    </Dialog>
  );
};
