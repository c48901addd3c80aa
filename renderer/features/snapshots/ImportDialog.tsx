/** A file is verified first and shown; only then is it imported. A refused file says why, and changes nothing. */
import { FileCheck2, Upload } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { fileText } from '../../../shared/age.ts';
import { MAX_FRAME_BYTES } from '../../../shared/contract/wire.ts';
import { type FrostError, frostError } from '../../../shared/errors.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Loading } from '../../ui/EmptyState.tsx';
import { formatBytes, plural } from '../../ui/format.ts';
import { ErrorState } from '../../ui/Notice.tsx';
import { snapshotLook } from '../../ui/states.ts';
import { RelativeTime } from '../../ui/Time.tsx';
import { SignatureList } from '../signing/SignatureList.tsx';
import { mergePath } from '../versions/store.ts';
import { BundleImport } from './BundleImport.tsx';
import { DiffView } from './DiffView.tsx';
import { type Incoming, tooLarge, useSnapshots, type Verified } from './store.ts';
import { isLocked, UnlockFile } from './UnlockFile.tsx';

/** The text is quoted once more on its way, which makes it longer. */
const MAX_BYTES = Math.floor(MAX_FRAME_BYTES / 2);

const OUTCOME: Record<NonNullable<Verified['outcome']>, string> = {
  'new-line': 'A new snapshot: there is none of this line here yet.',
  forward: 'Moves the snapshot here forward to the newest revision of the file.',
  same: 'Nothing to do: the snapshot here is at the same revision.',
  older:
    'Nothing to do: the snapshot here is already further than the file. An old file that is sent again looks like this.',
  diverged:
    'Both were changed since they were the same. The revisions of the file are kept beside yours, and the merge is shown next.',
};

type Looked = { file: Incoming; verified: Verified } | { error: FrostError };

export const ImportDialog = ({ file, onClose }: { file: File | undefined; onClose: () => void }) => {
  const { verify, importFile } = useSnapshots((s) => ({ verify: s.verify, importFile: s.importFile }));
  const [, navigate] = useLocation();
  const [chosen, setChosen] = useState(file);
  const [looked, setLooked] = useState<Looked>();
  /** What opens the file, where it is encrypted. */
  const [key, setKey] = useState<Incoming['key']>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<FrostError>();
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (chosen === undefined) return;
    let current = true;
    setLooked(undefined);
    setError(undefined);
    const look = async (): Promise<Looked> => {
      if (chosen.size > MAX_BYTES) return { error: tooLarge(chosen.size, MAX_BYTES) };
      const text = fileText(new Uint8Array(await chosen.arrayBuffer()));
      if (text === undefined)
        return {
          error: frostError('exchange.malformed', 'This is not an exchange file: it is not valid UTF-8.'),
        };
      const opened: Incoming = { text, ...(key === undefined ? {} : { key }) };
      const result = await verify(opened);
      return result.ok ? { file: opened, verified: result.value } : { error: result.error };
    };
    void look().then((found) => {
      if (current) setLooked(found);
    });
    return () => {
      current = false;
    };
  }, [chosen, key, verify]);

  const verified = looked !== undefined && 'verified' in looked ? looked.verified : undefined;
  // A file that nobody trusted signed is not read any further: it has no revisions to show.
  const head = verified?.revisions.reduce<Verified['revisions'][number] | undefined>(
    (best, each) => (best !== undefined && best.revision >= each.revision ? best : each),
    undefined,
  );
  const brings =
    verified?.outcome === 'new-line' || verified?.outcome === 'forward' || verified?.outcome === 'diverged';
  // The same revision again, with the signature of one more person.
  const signs = verified?.outcome !== undefined && !brings && verified.freshSignatures > 0;
  const useful = brings || signs;

  const confirm = async () => {
    if (looked === undefined || !('file' in looked)) return;
    setBusy(true);
    const result = await importFile(looked.file);
    setBusy(false);
    if (!result.ok) return setError(result.error);
    onClose();
    const path = `/snapshots/${encodeURIComponent(result.value.name)}`;
    navigate(
      verified?.outcome === 'diverged' && head !== undefined ? mergePath(result.value.name, head.id) : path,
    );
  };

  return (
    <Dialog
      onClose={onClose}
      size="lg"
      title="Import a snapshot"
      text="Its content hashes and signatures are checked first. Nothing is changed until you say so."
      notice={error !== undefined && <ErrorState error={error} />}
      footer={
        <>
          <Button onClick={onClose}>{verified !== undefined && !useful ? 'Close' : 'Cancel'}</Button>
          {(verified === undefined || useful) && (
            <Button
              variant="primary"
              busy={busy}
              disabled={!useful}
              reason={looked === undefined ? 'Choose a file first' : 'This file cannot be imported'}
              onClick={() => void confirm()}
            >
              {verified === undefined
                ? 'Import'
                : `Import ${signs ? plural(verified.freshSignatures, 'signature') : plural(verified.fresh, 'revision')}`}
            </Button>
          )}
        </>
      }
    >
      <div className="snap-file">
        <Upload size={20} aria-hidden />
        <div className="grow">
          {chosen === undefined ? (
            <>
              Choose a <code>.frost.json</code> file, or drop one on the list of snapshots.
            </>
          ) : (
            <>
              <strong className="wrap-any">{chosen.name}</strong>{' '}
              <span className="muted">{formatBytes(chosen.size)}</span>
            </>
          )}
        </div>
        <input
          ref={input}
          type="file"
          className="visually-hidden"
          accept=".json,.frost.json,.age,application/json"
          aria-label="Snapshot file"
          tabIndex={-1}
          onChange={(event) => {
            const [next] = event.target.files ?? [];
            if (next === undefined) return;
            setKey(undefined);
            setChosen(next);
          }}
        />
        <Button onClick={() => input.current?.click()}>
          {chosen === undefined ? 'Choose a file' : 'Choose another'}
        </Button>
      </div>
      {chosen === undefined && (
        <BundleImport
          onDone={(name) => {
            onClose();
            navigate(`/snapshots/${encodeURIComponent(name)}`);
          }}
        />
      )}
      {chosen !== undefined && looked === undefined && <Loading label="Checking the file" rows={3} />}
      {looked !== undefined &&
        'error' in looked &&
        (isLocked(looked.error) ? (
          <UnlockFile wrong={key !== undefined} error={looked.error} onKey={setKey} />
        ) : (
          <ErrorState title="This file is refused; nothing was changed" error={looked.error} />
        ))}
      {verified !== undefined && (
        <section className="panel stack" aria-label="Signatures of the file">
          <SignatureList signatures={verified.signatures} empty="The file is not signed." />
        </section>
      )}
      {verified?.refusal !== undefined && head === undefined && (
        <ErrorState title="This file is refused; nothing was changed" error={verified.refusal} />
      )}
      {verified !== undefined && head !== undefined && (
        <>
          <section className="panel stack" aria-label="Content of the file">
            <div className="row">
              <FileCheck2 size={17} aria-hidden />
              <h3>{head.name}</h3>
              <Badge {...snapshotLook[head.state]}>{snapshotLook[head.state].label}</Badge>
            </div>
            <dl className="facts">
              <dt>Newest revision</dt>
              <dd>
                {head.revision}, {plural(head.entryCount, 'entry', 'entries')}, by {head.author.name},{' '}
                <RelativeTime at={head.createdAt} />
              </dd>
              <dt>In the file</dt>
              <dd>
                {plural(verified.revisions.length, 'revision')}, {verified.fresh} not here yet
              </dd>
              <dt>Content hash</dt>
              <dd className="mono wrap-any">{head.id}</dd>
            </dl>
            {verified.outcome !== undefined && <p>{OUTCOME[verified.outcome]}</p>}
          </section>
          {verified.refusal !== undefined && (
            <ErrorState title="Sound, but it cannot be imported here" error={verified.refusal} />
          )}
          {verified.diff !== undefined && (
            <section className="stack" aria-label="Difference to the snapshot here">
              <h3>What it changes here</h3>
              <DiffView diff={verified.diff} from="here" to="the file" />
            </section>
          )}
        </>
      )}
    </Dialog>
  );
};
