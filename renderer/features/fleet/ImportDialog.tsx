/** Hosts from an SSH config, an Ansible inventory or CSV: pasted or from a file, first as a preview that changes nothing. */
import { type ChangeEvent, useState } from 'react';
import type { Output } from '../../../shared/contract/contract.ts';
import type { FrostError } from '../../../shared/errors.ts';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Field, Input, Select, Textarea } from '../../ui/Field.tsx';
import { formatBytes, plural } from '../../ui/format.ts';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { toast } from '../../ui/Toast.tsx';
import { useFleet } from './store.ts';

type Preview = Output<'hosts.import'>;
type Format = 'guess' | 'ssh-config' | 'ansible' | 'csv';
const isFormat = (text: string): text is Format => ['guess', 'ssh-config', 'ansible', 'csv'].includes(text);

/** As the contract's limit on the text. */
const MAX_CHARACTERS = 4_000_000;

export const ImportDialog = ({
  open,
  onOpenChange,
  onAdded,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** Names of hosts that are new: their keys are to be confirmed next. */
  onAdded: (names: string[]) => void;
}) => (
  <Dialog
    open={open}
    onClose={() => onOpenChange(false)}
    size="lg"
    title="Import hosts"
    text="From ~/.ssh/config, an Ansible inventory (INI or YAML) or CSV with a header line. You see what would change before it does."
  >
    {open && <ImportForm close={() => onOpenChange(false)} onAdded={onAdded} />}
  </Dialog>
);

const ImportForm = ({ close, onAdded }: { close: () => void; onAdded: (names: string[]) => void }) => {
  const importHosts = useFleet((state) => state.importHosts);
  const [text, setText] = useState('');
  const [fileName, setFileName] = useState('pasted text');
  const [format, setFormat] = useState<Format>('guess');
  const [preview, setPreview] = useState<Preview>();
  const [error, setError] = useState<FrostError>();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState<'preview' | 'import'>();

  const changed = (next: string, name: string) => {
    setText(next);
    setFileName(name);
    setPreview(undefined);
    setError(undefined);
    setProblem(undefined);
  };
  const choose = async (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    if (file === undefined) return;
    if (file.size > MAX_CHARACTERS)
      return setProblem(
        `${file.name} has ${formatBytes(file.size)}; at most ${formatBytes(MAX_CHARACTERS)} are read.`,
      );
    changed(await file.text(), file.name);
  };
  const send = async (dryRun: boolean) => {
    if (text.trim() === '') return setProblem('Paste something or choose a file.');
    setBusy(dryRun ? 'preview' : 'import');
    const result = await importHosts({ text, fileName, dryRun, ...(format === 'guess' ? {} : { format }) });
    setBusy(undefined);
    if (!result.ok) {
      setPreview(undefined);
      return setError(result.error);
    }
    setError(undefined);
    if (dryRun) return setPreview(result.value);
    const { added, changed: updated } = result.value;
    toast({ tone: 'good', title: `Imported ${plural(added.length, 'new host')}, changed ${updated.length}` });
    close();
    if (added.length > 0) onAdded(added.map((host) => host.name));
  };
  const useful = preview !== undefined && preview.added.length + preview.changed.length > 0;

  return (
    <>
      <div className="fields">
        <Field label="File" error={problem}>
          <Input type="file" onChange={(event) => void choose(event)} />
        </Field>
        <Field label="Format">
          <Select
            value={format}
            onChange={(event) => {
              if (isFormat(event.target.value)) setFormat(event.target.value);
              setPreview(undefined);
            }}
          >
            <option value="guess">guess from the content</option>
            <option value="ssh-config">SSH config</option>
            <option value="ansible">Ansible inventory</option>
            <option value="csv">CSV</option>
          </Select>
        </Field>
      </div>
      <Field label="Or paste it" hint={`Now: ${fileName}`}>
        <Textarea
          mono
          rows={8}
          value={text}
          maxLength={MAX_CHARACTERS}
          onChange={(event) => changed(event.target.value, 'pasted text')}
          placeholder={'Host web-01\n  HostName 10.0.0.11\n  User deploy'}
        />
      </Field>
      {error !== undefined && <ErrorState error={error} title="It could not be read" />}
      {preview !== undefined && <PreviewLists preview={preview} />}
      <div className="form-end">
        <Button onClick={close}>Cancel</Button>
        {useful ? (
          <Button variant="primary" busy={busy === 'import'} onClick={() => void send(false)}>
            Import {plural(preview.added.length + preview.changed.length, 'host')}
          </Button>
        ) : (
          <Button variant="primary" busy={busy === 'preview'} onClick={() => void send(true)}>
            Show what would change
          </Button>
        )}
      </div>
    </>
  );
};

const PreviewLists = ({ preview }: { preview: Preview }) => {
  const { added, changed, skipped } = preview;
  return (
    <div className="stack" aria-live="polite">
      {added.length + changed.length === 0 && (
        <Notice
          tone="neutral"
          title="Nothing would change: every host in it is here already or cannot be used."
        />
      )}
      {added.length > 0 && (
        <PreviewList
          title={`${plural(added.length, 'host')} would be added`}
          lines={added.map((host) => [
            host.name,
            `${host.user}@${host.address}:${host.port}${host.jump === undefined ? '' : ` through ${host.jump}`}`,
          ])}
        />
      )}
      {changed.length > 0 && (
        <PreviewList
          title={`${plural(changed.length, 'host')} would change`}
          lines={changed.map((host) => [host.name, `${host.user}@${host.address}:${host.port}`])}
        />
      )}
      {skipped.length > 0 && (
        <PreviewList
          title={`${skipped.length} skipped`}
          lines={skipped.map((each) => [each.name, each.reason])}
        />
      )}
    </div>
  );
};

/** More lines than this do not help to judge a preview. */
const SHOWN = 200;

const PreviewList = ({ title, lines }: { title: string; lines: [string, string][] }) => (
  <section>
    <h3>{title}</h3>
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must do so by keyboard */}
    <ul className="preview" tabIndex={0} aria-label={title}>
      {lines.slice(0, SHOWN).map(([name, text]) => (
        <li key={name}>
          <strong>{name}</strong> <span className="muted wrap-any">{text}</span>
        </li>
      ))}
      {lines.length > SHOWN && <li className="muted">and {lines.length - SHOWN} more</li>}
    </ul>
  </section>
);
