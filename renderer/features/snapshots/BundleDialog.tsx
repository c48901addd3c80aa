/** Makes a bundle: the snapshot with its package files, for hosts without a repository. It goes on when the dialog is closed. */
import { useEffect, useRef, useState } from 'react';
import type { MadeBundle } from '../../../shared/contract/bundles.ts';
import type { FrostError } from '../../../shared/errors.ts';
import type { SnapshotView } from '../../../shared/model/snapshot.ts';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Checkbox, Field, Input } from '../../ui/Field.tsx';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { toast, toastError } from '../../ui/Toast.tsx';
import { BundleMade } from './BundleMade.tsx';
import { SelectorField } from './SelectorField.tsx';
import { useSnapshots } from './store.ts';
import { useMatches } from './useMatches.ts';

export const BundleDialog = ({ snapshot, onClose }: { snapshot: SnapshotView; onClose: () => void }) => {
  const { makeBundle, bundleFolder } = useSnapshots((s) => ({
    makeBundle: s.makeBundle,
    bundleFolder: s.bundleFolder,
  }));
  const [hosts, setHosts] = useState('all');
  const [file, setFile] = useState('');
  const [since, setSince] = useState('');
  const [direct, setDirect] = useState(false);
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
      direct,
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

  if (made !== undefined) return <BundleMade made={made} onClose={onClose} />;
  return (
    <Dialog
      onClose={onClose}
      size="lg"
      title={`Make a bundle of ${snapshot.name}@${snapshot.revision}`}
      text="One file with the snapshot and its packages, new ones and those to go back to, for a site without a network. The hosts download what they would install; nothing is installed."
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
      notice={
        <>
          {busy && (
            <Notice
              tone="busy"
              title="The bundle is being made. Its progress stands under “Going on now”; what is fetched is kept, also when it is stopped."
            />
          )}
          {error !== undefined && <ErrorState title="The bundle was not made" error={error} />}
        </>
      }
      footer={
        <>
          <Button onClick={onClose}>{busy ? 'Close, and go on' : 'Cancel'}</Button>
          <Button type="submit" variant="primary" busy={busy}>
            Make the bundle
          </Button>
        </>
      }
    >
      <SelectorField
        label="Made through, and for"
        matches={matches}
        value={hosts}
        onChange={setHosts}
        required
        disabled={busy}
        error={noHosts ? 'Choose at least one host.' : undefined}
      />
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
      <Checkbox
        label="Download from this computer's own connection first"
        hint="The hosts only say where their new packages are and which hash their repositories' lists give. This computer fetches them there and checks the hash; what it cannot have so, and old packages, still come through the hosts. A host may name any server: those that were asked are listed afterwards."
        checked={direct}
        disabled={busy}
        onChange={(event) => setDirect(event.target.checked)}
      />
    </Dialog>
  );
};
