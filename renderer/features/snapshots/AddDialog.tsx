/** Adds a package at an exact version, with what the last scans know as suggestions. Stays open for the next one. */
import { type KeyboardEvent, useEffect, useId, useMemo, useState } from 'react';
import { Arch, Ecosystem, PackageName, PackageVersion } from '../../../shared/model/primitives.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { present } from '../../app/loadable.ts';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Field, Input, Select } from '../../ui/Field.tsx';
import { plural } from '../../ui/format.ts';
import { GroundsCell } from '../../ui/Grounds.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { type KnownUpdate, useSnapshots } from './store.ts';

const MOST = 40;

export const AddDialog = ({
  entries,
  stages,
  onAdd,
  onClose,
}: {
  entries: readonly Entry[];
  stages: readonly number[];
  onAdd: (entry: Entry) => void;
  onClose: () => void;
}) => {
  const { updates, readUpdates } = useSnapshots((s) => ({ updates: s.updates, readUpdates: s.readUpdates }));
  const [name, setName] = useState('');
  const [version, setVersion] = useState('');
  const [arch, setArch] = useState('');
  const [stage, setStage] = useState(stages.includes(1) ? 1 : (stages[0] ?? 1));
  const [picked, setPicked] = useState<KnownUpdate>();
  const [asked, setAsked] = useState(false);
  const [added, setAdded] = useState('');
  useEffect(() => void readUpdates(), [readUpdates]);

  const listed = useMemo(() => new Map(entries.map((entry) => [entry.name, entry])), [entries]);
  const known = present(updates) ?? [];
  const text = name.trim().toLowerCase();
  const suggestions = known
    .filter((each) => text === '' || each.name.toLowerCase().includes(text))
    .sort((a, b) => rank(a, text) - rank(b, text) || a.name.localeCompare(b.name, 'en'))
    .slice(0, MOST);
  const old = listed.get(name.trim());
  const problems = {
    name: PackageName.safeParse(name.trim()).success ? undefined : 'Give a package name.',
    version: PackageVersion.safeParse(version.trim()).success ? undefined : 'Give the exact version.',
    arch:
      arch.trim() === '' || Arch.safeParse(arch.trim()).success
        ? undefined
        : 'Not an architecture, e.g. amd64.',
  };

  const pick = (update: KnownUpdate) => {
    setPicked(update);
    setName(update.name);
    setVersion(update.to);
    setArch(update.arch);
  };
  const submit = () => {
    setAsked(true);
    if (Object.values(problems).some((problem) => problem !== undefined)) return;
    const same =
      picked !== undefined && picked.name === name.trim() && picked.to === version.trim()
        ? picked
        : undefined;
    const namesake = known.find((each) => each.name === name.trim() && each.to === version.trim());
    onAdd({
      ecosystem:
        (same ?? namesake)?.ecosystem ??
        old?.ecosystem ??
        entries[0]?.ecosystem ??
        known[0]?.ecosystem ??
        Ecosystem.enum.apt,
      name: name.trim(),
      ...(arch.trim() === '' ? {} : { arch: arch.trim() }),
      version: version.trim(),
      decision: 'approve',
      stage,
      source: 'manual',
      ...(same === undefined ? {} : { severity: same.severity, advisories: same.advisories }),
    });
    setAdded(`${name.trim()} ${version.trim()} was added to stage ${stage}.`);
    setName('');
    setVersion('');
    setArch('');
    setPicked(undefined);
    setAsked(false);
  };

  return (
    <Dialog
      onClose={onClose}
      title="Add a package"
      text="With its exact version. What the last scans found is suggested while you type."
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      notice={
        old !== undefined && (
          <Notice
            tone="warn"
            title={`${old.name} ${old.version} is listed already; for the same architecture it is replaced.`}
          />
        )
      }
      footer={
        <>
          <Button onClick={onClose}>Done</Button>
          <Button type="submit" variant="primary">
            Add
          </Button>
        </>
      }
    >
      <PackageBox
        name={name}
        onName={(next) => {
          setName(next);
          setPicked(undefined);
        }}
        suggestions={suggestions}
        onPick={pick}
        error={asked ? problems.name : undefined}
      />
      <div className="fields">
        <Field label="Version" required error={asked ? problems.version : undefined}>
          <Input mono value={version} onChange={(event) => setVersion(event.target.value)} />
        </Field>
        <Field
          label="Architecture"
          optional
          hint="Empty: as installed"
          error={asked ? problems.arch : undefined}
        >
          <Input mono value={arch} onChange={(event) => setArch(event.target.value)} />
        </Field>
        <Field label="Stage">
          <Select value={stage} onChange={(event) => setStage(Number(event.target.value))}>
            {stages.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </Select>
        </Field>
      </div>
      <p className="small muted" role="status">
        {added}
      </p>
    </Dialog>
  );
};

const rank = (update: KnownUpdate, text: string): number =>
  update.name === text ? 0 : update.name.startsWith(text) ? 1 : 2;

const PackageBox = ({
  name,
  onName,
  suggestions,
  onPick,
  error,
}: {
  name: string;
  onName: (name: string) => void;
  suggestions: readonly KnownUpdate[];
  onPick: (update: KnownUpdate) => void;
  error: string | undefined;
}) => {
  const list = useId();
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const shown = open && suggestions.length > 0;
  const choose = (update: KnownUpdate) => {
    onPick(update);
    setOpen(false);
    setAt(-1);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setOpen(true);
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setAt((now) => Math.min(suggestions.length - 1, Math.max(-1, now + step)));
    } else if (event.key === 'Enter' && shown && at >= 0) {
      event.preventDefault();
      const chosen = suggestions[at];
      if (chosen !== undefined) choose(chosen);
    } else if (event.key === 'Escape' && shown) {
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
    }
  };
  return (
    <div className="snap-combo">
      <Field label="Package" required error={error}>
        <Input
          mono
          role="combobox"
          aria-expanded={shown}
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={shown && at >= 0 ? `${list}-${at}` : undefined}
          value={name}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={onKeyDown}
          onChange={(event) => {
            onName(event.target.value);
            setOpen(true);
            setAt(-1);
          }}
        />
      </Field>
      <div id={list} role="listbox" aria-label="Known updates" className="snap-suggest" hidden={!shown}>
        {shown &&
          suggestions.map((update, index) => (
            // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus; the option is its active descendant
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field takes the keys
            <div
              key={`${update.name} ${update.arch} ${update.to}`}
              id={`${list}-${index}`}
              role="option"
              aria-selected={index === at}
              // The field would lose the focus, and the list close, before the click.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(update)}
            >
              <span className="mono">
                {update.name}:{update.arch} {update.to}
              </span>
              <span className="small muted">
                {plural(update.hosts.length, 'host')}
                {update.classification === 'security' && (
                  <>
                    , security: <GroundsCell grounds={update.grounds} />
                  </>
                )}
              </span>
            </div>
          ))}
      </div>
    </div>
  );
};
