/** Makes a bundle: the snapshot with its package files, for hosts without a repository. It goes on when the dialog is closed. */
import { useEffect, useRef, useState } from 'react';
import type { MadeBundle } from '../../../shared/contract/bundles.ts';
import type { FrostError } from '../../../shared/errors.ts';
import type { SnapshotView } from '../../../shared/model/snapshot.ts';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Field, Input } from '../../ui/Field.tsx';
import { formatBytes, plural } from '../../ui/format.ts';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { toast, toastError } from '../../ui/Toast.tsx';
import { vouchedText } from './BundleVouching.tsx';
import { useSnapshots } from './store.ts';
import { matchText, useMatches } from './useMatches.ts';

/** How many of a list are named. */
const NAMED = 8;

export const BundleDialog = ({ snapshot, onClose }: { snapshot: SnapshotView; onClose: () => void }) => {
  const { makeBundle, bundleFolder } = useSnapshots((s) => ({
    makeBundle: s.makeBundle,
    bundleFolder: s.bundleFolder,
  }));
  const [hosts, setHosts] = useState('all');
  const [file, setFile] = useState('');
  const [since, setSince] = useState('');
  const [folder, setFolder] = useState('');
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<FrostError>();
  const [made, setMade] = useState<MadeBundle>();
  const matches = useMatches(hosts);
  const closed = useRef(false);
  useEffect(() => {
    closed.current = false;
    void bundleFolder().then((result) => {
      if (result.ok) setFolder(result.value.folder);
    });
    return () => {
      closed.current = true;
    };
  }, [bundleFolder]);
  const noHosts =
    asked && (hosts.trim() === '' || (matches.status === 'matched' && matches.hosts.length === 0));

  const submit = async () => {
    setAsked(true);
    setError(undefined);
    if (hosts.trim() === '' || matches.status !== 'matched' || matches.hosts.length === 0) return;
    setBusy(true);
    const result = await makeBundle({
      ref: snapshot.name,
      hosts: hosts.trim(),
      file: file.trim(),
      since: since.trim(),
    });
    if (closed.current) {
      if (result.ok) toast({ tone: 'good', title: 'The bundle is made', text: result.value.file });
      else toastError('The bundle was not made', result.error);
      return;
    }
    setBusy(false);
    if (result.ok) setMade(result.value);
    else setError(result.error);
  };

  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      size="lg"
      title={`Make a bundle of ${snapshot.name}@${snapshot.revision}`}
      text="One file with the snapshot and its packages, new ones and those to go back to, for a site without a network. The hosts download what they would install; nothing is installed."
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
      footer={
        made === undefined ? (
          <>
            <Button onClick={onClose}>{busy ? 'Close, and go on' : 'Cancel'}</Button>
            <Button type="submit" variant="primary" busy={busy}>
              Make the bundle
            </Button>
          </>
        ) : (
          <Button variant="primary" onClick={onClose}>
            Done
          </Button>
        )
      }
    >
      {made === undefined ? (
        <>
          <Field
            label="Made through, and for"
            required
            hint={matchText(matches)}
            error={
              matches.status === 'error'
                ? matches.error.message
                : noHosts
                  ? 'Choose at least one host.'
                  : undefined
            }
          >
            <Input mono value={hosts} disabled={busy} onChange={(event) => setHosts(event.target.value)} />
          </Field>
          <Field
            label="File"
            hint={`An absolute path on this machine, ending in .frost.tar${folder === '' ? '' : `. Without one: in ${folder}`}`}
          >
            <Input mono value={file} disabled={busy} onChange={(event) => setFile(event.target.value)} />
          </Field>
          <Field
            label="Leave out what this bundle has"
            hint="Path of an earlier bundle that the other side has taken in, for a smaller file."
          >
            <Input mono value={since} disabled={busy} onChange={(event) => setSince(event.target.value)} />
          </Field>
          {busy && (
            <Notice
              tone="busy"
              title="The bundle is being made. Its progress stands under “Going on now”; what is fetched is kept, also when it is stopped."
            />
          )}
          {error !== undefined && <ErrorState title="The bundle was not made" error={error} />}
        </>
      ) : (
        <Result made={made} />
      )}
    </Dialog>
  );
};

const Result = ({ made }: { made: MadeBundle }) => {
  const carried = made.packages.filter((one) => one.carried);
  const of = (role: string) => carried.filter((one) => one.role === role).length;
  const left = made.packages.length - carried.length;
  return (
    <section className="panel stack" aria-label="The bundle" aria-live="polite">
      <dl className="facts">
        <dt>File</dt>
        <dd className="mono wrap-any">{made.file}</dd>
        <dt>Size</dt>
        <dd>{formatBytes(made.bytes)}</dd>
        <dt>Packages</dt>
        <dd>
          {of('new')} new, {of('rollback')} to go back to
          {left > 0 && `; ${left} more are in the earlier bundle`}
        </dd>
        <dt>Vouched for</dt>
        <dd>{vouchedText(made.metadata)}</dd>
        <dt>Id</dt>
        <dd className="mono wrap-any">{made.id}</dd>
      </dl>
      {made.missing.length > 0 && (
        <Notice tone="warn" title={`${plural(made.missing.length, 'package')} could not be had`}>
          <ul>
            {made.missing.slice(0, NAMED).map((one) => (
              <li key={`${one.role} ${one.name} ${one.version}`} className="wrap-any">
                {one.name} {one.version}
                {one.role === 'rollback' && ' (to go back to)'}: {one.host}: {one.reason}
              </li>
            ))}
          </ul>
          {made.missing.length > NAMED && <p>and {made.missing.length - NAMED} more.</p>}
        </Notice>
      )}
      {made.metadata.leftOut.length > 0 && (
        <Notice tone="neutral" title="Metadata of repositories was left out">
          <ul>
            {made.metadata.leftOut.slice(0, NAMED).map((one) => (
              <li key={`${one.host} ${one.repository} ${one.reason}`} className="wrap-any">
                {one.host}: {one.repository !== '' && `${one.repository}: `}
                {one.reason}
              </li>
            ))}
          </ul>
          {made.metadata.leftOut.length > NAMED && <p>and {made.metadata.leftOut.length - NAMED} more.</p>}
        </Notice>
      )}
      {made.silent.length > 0 && (
        <Notice tone="warn" title={`${plural(made.silent.length, 'host')} could not say what is needed`}>
          <ul>
            {made.silent.slice(0, NAMED).map(({ host, error }) => (
              <li key={host} className="wrap-any">
                {host}: {error.message}
              </li>
            ))}
          </ul>
        </Notice>
      )}
    </section>
  );
};
