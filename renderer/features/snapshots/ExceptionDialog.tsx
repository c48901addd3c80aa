/** Lets one patch through a freeze: which one, why, and until when. */
import { useState } from 'react';
import { Arch } from '../../../shared/model/primitives.ts';
import type { OutsidePackage, SnapshotView } from '../../../shared/model/snapshot.ts';
import { Field, Input, Textarea } from '../../ui/Field.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { inZone, momentOf, wallOf } from './freezeTime.ts';
import { type FreezeInfo, useSnapshots } from './store.ts';

const DAY_MS = 86_400_000;

export const ExceptionDialog = ({
  snapshot,
  freeze,
  patch,
  onClose,
}: {
  snapshot: SnapshotView;
  freeze: FreezeInfo;
  /** The patch it is proposed for. */
  patch: OutsidePackage | undefined;
  onClose: () => void;
}) => {
  const except = useSnapshots((s) => s.except);
  const { zone } = freeze;
  const [name, setName] = useState(patch?.name ?? '');
  const [version, setVersion] = useState(patch?.version ?? '');
  const [arch, setArch] = useState('');
  const [reason, setReason] = useState('');
  const [until, setUntil] = useState(() => wallOf(new Date(Date.now() + DAY_MS).toISOString(), zone));
  const [asked, setAsked] = useState(false);
  const moment = momentOf(until, zone);
  const past = moment !== undefined && moment.instant <= new Date().toISOString();
  const archIsOne = arch.trim() === '' || Arch.safeParse(arch.trim()).success;
  const missing = (text: string, say: string) => (asked && text.trim() === '' ? say : undefined);
  const submit = async () => {
    setAsked(true);
    if (name.trim() === '' || version.trim() === '' || reason.trim() === '') return undefined;
    if (moment === undefined || past || !archIsOne) return undefined;
    const same = patch !== undefined && patch.name === name.trim();
    return except(snapshot.name, {
      name: name.trim(),
      version: version.trim(),
      ...(arch.trim() === '' ? {} : { arch: arch.trim() }),
      ...(same ? { ecosystem: patch.ecosystem } : {}),
      reason: reason.trim(),
      until: moment.instant,
    });
  };
  return (
    <FormDialog
      onClose={onClose}
      title={`Let one patch through the freeze of ${snapshot.name}`}
      text="Exactly this package in exactly this version, beside what is frozen, until the exception ends. It stands in the history, in plans and in reports, with your name."
      onSubmit={submit}
      action="Make the exception"
    >
      <div className="snap-recur">
        <Field label="Package" required error={missing(name, 'Which package?')}>
          <Input mono value={name} onChange={(event) => setName(event.target.value)} />
        </Field>
        <Field label="Version" required error={missing(version, 'Exactly which version?')}>
          <Input mono value={version} onChange={(event) => setVersion(event.target.value)} />
        </Field>
      </div>
      <Field
        label="Architecture"
        optional
        hint={`Empty: whichever a host has installed.${patch === undefined ? '' : ` The patch came out for ${patch.arch}.`}`}
        error={archIsOne ? undefined : 'Give one architecture, as amd64 or x86_64.'}
      >
        <Input mono value={arch} onChange={(event) => setArch(event.target.value)} />
      </Field>
      <Field label="Reason" required error={missing(reason, 'Say why it is let through.')}>
        <Textarea maxLength={2000} value={reason} onChange={(event) => setReason(event.target.value)} />
      </Field>
      <div className="snap-end-fields">
        <Field
          label="Until (day)"
          required
          hint={moment === undefined ? undefined : `${inZone(moment.instant, zone)}, ${zone}`}
          error={
            moment === undefined
              ? 'Give the day and the time, as 2026-12-24 and 14:00.'
              : past
                ? 'That is over already.'
                : undefined
          }
        >
          <Input
            mono
            value={until.date}
            onChange={(event) => setUntil({ ...until, date: event.target.value.trim() })}
          />
        </Field>
        <Field label="Until (time)">
          <Input
            mono
            value={until.time}
            onChange={(event) => setUntil({ ...until, time: event.target.value.trim() })}
          />
        </Field>
      </div>
    </FormDialog>
  );
};
