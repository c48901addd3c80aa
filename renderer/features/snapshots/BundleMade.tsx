/** What a bundle that was made holds and lacks, where it came from, and signing it. */
import { type ReactNode, useState } from 'react';
import type { MadeBundle } from '../../../shared/contract/bundles.ts';
import type { SignatureView } from '../../../shared/model/signature.ts';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { formatBytes, plural } from '../../ui/format.ts';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { SignatureList } from '../signing/SignatureList.tsx';
import { SignWithFields, useSignWith } from '../signing/SignWithFields.tsx';
import { vouchedText } from './BundleVouching.tsx';
import { useSnapshots } from './store.ts';

/** How many of a list are named. */
const NAMED = 8;

export const BundleMade = ({ made, onClose }: { made: MadeBundle; onClose: () => void }) => {
  const signBundle = useSnapshots((s) => s.signBundle);
  const own = useSignWith();
  const [signing, setSigning] = useState(false);
  const [signatures, setSignatures] = useState<readonly SignatureView[]>([]);
  return (
    <Dialog
      onClose={onClose}
      size="lg"
      title="The bundle is made"
      text="Where only signed files are taken in, sign it too: apt packages carry no signature of their own, and a signature of the bundle vouches for every file in it."
      onSubmit={(event) => {
        event.preventDefault();
        if (!signing) return setSigning(true);
        void own.sign(
          (how) => signBundle(made.file, how),
          (signed) => {
            setSignatures(signed.signatures);
            setSigning(false);
          },
        );
      }}
      footer={
        signing ? (
          <>
            <Button onClick={onClose}>Done</Button>
            <Button type="submit" variant="primary" busy={own.busy}>
              {own.label}
            </Button>
          </>
        ) : (
          <>
            <Button type="submit">Sign the bundle…</Button>
            <Button variant="primary" onClick={onClose}>
              Done
            </Button>
          </>
        )
      }
    >
      <Made made={made} signatures={signatures} />
      {signing && <SignWithFields form={own.form} change={own.change} text={`sha256:${made.id}`} />}
      {own.error !== undefined && <ErrorState title="The bundle was not signed" error={own.error} />}
    </Dialog>
  );
};

const Some = <T,>({ items, show }: { items: readonly T[]; show: (item: T) => [string, ReactNode] }) => (
  <>
    <ul>
      {items.slice(0, NAMED).map((item) => {
        const [key, content] = show(item);
        return (
          <li key={key} className="wrap-any">
            {content}
          </li>
        );
      })}
    </ul>
    {items.length > NAMED && <p>and {items.length - NAMED} more.</p>}
  </>
);

const Made = ({ made, signatures }: { made: MadeBundle; signatures: readonly SignatureView[] }) => {
  const carried = made.packages.filter((one) => one.carried);
  const of = (role: string) => carried.filter((one) => one.role === role).length;
  const left = made.packages.length - carried.length;
  const direct = made.packages.filter((one) => one.via === 'direct').length;
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
        {made.origins.length > 0 && (
          <>
            <dt>From here</dt>
            <dd className="wrap-any">
              {plural(direct, 'package')} fetched over this computer's own connection; asked:{' '}
              {made.origins.join(', ')}
            </dd>
          </>
        )}
        <dt>Vouched for</dt>
        <dd>{vouchedText(made.metadata)}</dd>
        <dt>Advisories</dt>
        <dd>{made.advisories === 0 ? 'none known' : made.advisories}</dd>
        <dt>Id</dt>
        <dd className="mono wrap-any">{made.id}</dd>
      </dl>
      {signatures.length > 0 && <SignatureList signatures={signatures} empty="" />}
      {made.advisoriesLeftOut > 0 && (
        <Notice
          tone="warn"
          title={`${made.advisoriesLeftOut} advisories about its packages are not in it: together they are more than 64 MiB`}
        />
      )}
      {made.missing.length > 0 && (
        <Notice tone="warn" title={`${plural(made.missing.length, 'package')} could not be had`}>
          <Some
            items={made.missing}
            show={(one) => [
              `${one.role} ${one.name} ${one.version}`,
              `${one.name} ${one.version}${one.role === 'rollback' ? ' (to go back to)' : ''}: ${one.host}: ${one.reason}`,
            ]}
          />
        </Notice>
      )}
      {made.metadata.leftOut.length > 0 && (
        <Notice tone="neutral" title="Metadata of repositories was left out">
          <Some
            items={made.metadata.leftOut}
            show={({ host, repository, reason }) => [
              `${host} ${repository} ${reason}`,
              `${host}: ${repository === '' ? '' : `${repository}: `}${reason}`,
            ]}
          />
        </Notice>
      )}
      {made.silent.length > 0 && (
        <Notice tone="warn" title={`${plural(made.silent.length, 'host')} could not say what is needed`}>
          <Some items={made.silent} show={({ host, error }) => [host, `${host}: ${error.message}`]} />
        </Notice>
      )}
      {made.notDirect.length > 0 && (
        <Notice tone="neutral" title="Not fetched from here, but through the hosts">
          <Some
            items={made.notDirect}
            show={({ origin, reason, packages }) => [
              `${origin} ${reason}`,
              `${plural(packages, 'package')} of ${origin}: ${reason}`,
            ]}
          />
        </Notice>
      )}
    </section>
  );
};
