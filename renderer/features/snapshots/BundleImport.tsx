/** A bundle may be far too large to be read by the window: the host process reads it where it lies, checks it, and takes it in. */
import { Package } from 'lucide-react';
import { useState } from 'react';
import type { Output } from '../../../shared/contract/contract.ts';
import type { FrostError } from '../../../shared/errors.ts';
import { Button } from '../../ui/Button.tsx';
import { Loading } from '../../ui/EmptyState.tsx';
import { Field, Input } from '../../ui/Field.tsx';
import { formatBytes, plural } from '../../ui/format.ts';
import { ErrorState } from '../../ui/Notice.tsx';
import { SignatureList } from '../signing/SignatureList.tsx';
import { BundleVouching, vouchedText } from './BundleVouching.tsx';
import { useSnapshots } from './store.ts';

type Looked = { path: string; found: Output<'bundles.verify'> };

export const BundleImport = ({ onDone }: { onDone: (name: string) => void }) => {
  const { verifyBundle, importBundle } = useSnapshots((s) => ({
    verifyBundle: s.verifyBundle,
    importBundle: s.importBundle,
  }));
  const [path, setPath] = useState('');
  const [looked, setLooked] = useState<Looked>();
  const [busy, setBusy] = useState<'checking' | 'importing'>();
  const [error, setError] = useState<FrostError>();

  const check = async () => {
    setLooked(undefined);
    setError(undefined);
    setBusy('checking');
    const result = await verifyBundle(path.trim());
    setBusy(undefined);
    if (result.ok) setLooked({ path: path.trim(), found: result.value });
    else setError(result.error);
  };
  const take = async (chosen: string) => {
    setBusy('importing');
    const result = await importBundle(chosen);
    setBusy(undefined);
    if (result.ok) onDone(result.value.name);
    else setError(result.error);
  };

  return (
    <section className="stack" aria-label="A bundle">
      <form
        className="snap-path"
        onSubmit={(event) => {
          event.preventDefault();
          if (path.trim() !== '') void check();
        }}
      >
        <Field
          label="Or a bundle"
          hint="Absolute path of a .frost.tar file on this machine, on a stick for instance."
        >
          <Input mono value={path} onChange={(event) => setPath(event.target.value)} />
        </Field>
        <Button
          type="submit"
          busy={busy === 'checking'}
          disabled={path.trim() === ''}
          reason="Write its path first"
        >
          Check the bundle
        </Button>
      </form>
      {busy === 'checking' && <Loading label="Checking every file of the bundle" rows={3} />}
      {error !== undefined && (
        <ErrorState title="This bundle is refused; nothing was changed" error={error} />
      )}
      {looked !== undefined && (
        <Content {...looked} busy={busy === 'importing'} onImport={() => void take(looked.path)} />
      )}
    </section>
  );
};

const Content = ({ found, busy, onImport }: Looked & { busy: boolean; onImport: () => void }) => {
  const { bundle, refusal, signatures } = found;
  const of = (role: string) => bundle.packages.filter((one) => one.role === role).length;
  return (
    <div className="panel stack" aria-live="polite">
      <div className="row">
        <Package size={17} aria-hidden />
        <h3>
          {bundle.snapshotName}@{bundle.revision}
        </h3>
      </div>
      <dl className="facts">
        <dt>Packages</dt>
        <dd>
          {of('new')} new, {of('rollback')} to go back to
        </dd>
        <dt>Files</dt>
        <dd>
          {plural(bundle.files, 'file')}, {formatBytes(bundle.bytes)}; each has the hash that is announced
        </dd>
        <dt>Vouched for</dt>
        <dd>{vouchedText(bundle.metadata)}</dd>
        <dt>Snapshot</dt>
        <dd>
          {plural(found.revisions.length, 'revision')}, {found.fresh} not here yet
        </dd>
        {bundle.advisories + bundle.advisoriesLeftOut > 0 && (
          <>
            <dt>Advisories</dt>
            <dd>
              {bundle.advisories}
              {bundle.advisoriesLeftOut > 0 &&
                `; ${bundle.advisoriesLeftOut} left out, since only what is signed is taken here and nobody signed the bundle`}
            </dd>
          </>
        )}
        <dt>Id</dt>
        <dd className="mono wrap-any">{bundle.id}</dd>
      </dl>
      <BundleVouching metadata={bundle.metadata} />
      <h4>Signatures of the bundle</h4>
      <SignatureList
        label="Signatures of the bundle"
        signatures={bundle.bundleSignatures}
        empty="The bundle itself is not signed."
      />
      <h4>Signatures of the snapshot</h4>
      <SignatureList
        label="Signatures of the snapshot"
        signatures={signatures}
        empty="The snapshot in it is not signed."
      />
      {refusal === undefined ? (
        <Button variant="primary" busy={busy} onClick={onImport}>
          Import the bundle
        </Button>
      ) : (
        <ErrorState title="Sound, but it cannot be taken in here" error={refusal} />
      )}
    </div>
  );
};
