/** Advisory data: what was imported and how old it is, importing more, and looking one up. */
import { ShieldQuestion, Upload } from 'lucide-react';
import { useRef, useState } from 'react';
import type { FrostError } from '../../../shared/errors.ts';
import type { AdvisoryImport, AdvisoryView } from '../../../shared/model/advisory.ts';
import { present } from '../../app/loadable.ts';
import { useSystem } from '../../app/systemStore.ts';
import { useAsked } from '../../app/useAsked.ts';
import { StatusDot } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { countColumn, timeColumn } from '../../ui/columns.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { EmptyState, Loading } from '../../ui/EmptyState.tsx';
import { Field, Input } from '../../ui/Field.tsx';
import { formatDateTime, plural } from '../../ui/format.ts';
import { ErrorState } from '../../ui/Notice.tsx';
import { severityLook } from '../../ui/states.ts';
import { RelativeTime } from '../../ui/Time.tsx';
import { toast } from '../../ui/Toast.tsx';
import { useAdvisories } from './store.ts';

const columns: readonly Column<AdvisoryImport>[] = [
  {
    id: 'file',
    header: 'File',
    min: 12,
    grow: 2,
    sort: (row) => row.file,
    cell: (row) => <span title={row.sha256}>{row.file}</span>,
  },
  { id: 'format', header: 'Format', min: 8, sort: (row) => row.format, cell: (row) => row.format },
  {
    id: 'asof',
    header: 'Data as of',
    min: 10.5,
    descFirst: true,
    sort: (row) => row.asOf,
    cell: (row) => (
      <span>
        <RelativeTime at={row.asOf} />
        {!row.dated && (
          <span className="muted" title="The data carries no date: this is when it was imported">
            {' '}
            at most
          </span>
        )}
      </span>
    ),
  },
  countColumn({ id: 'taken', header: 'Advisories', min: 7, of: (row) => row.advisories }),
  countColumn({
    id: 'skipped',
    header: 'Skipped',
    min: 6,
    of: (row) => row.skipped,
    title: 'About nothing Frostline manages, or older than what is here',
  }),
  timeColumn({ id: 'imported', header: 'Imported', min: 7, of: (row) => row.importedAt }),
];

const Found = ({ advisories }: { advisories: readonly AdvisoryView[] }) => (
  <>
    {advisories.map((one) => (
      <section key={`${one.format}:${one.id}`} className="panel stack" aria-label={one.id}>
        <div className="row">
          <h2 className="panel-title">{one.id}</h2>
          <StatusDot {...severityLook[one.severity]}>{severityLook[one.severity].label}</StatusDot>
          <span className="muted small">
            {one.format}, as of {formatDateTime(one.asOf)}
          </span>
        </div>
        {one.title !== undefined && <p>{one.title}</p>}
        {one.cves.length > 0 && <p className="small mono wrap-any">{one.cves.slice(0, 50).join(' ')}</p>}
        <ul className="catalog-affected">
          {one.affected.slice(0, 100).map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines of one advisory may be equal
            <li key={index}>
              <strong>{line.name}</strong>{' '}
              <span className="muted">
                {line.distro ?? line.ecosystem} {line.release ?? ''}
              </span>{' '}
              {line.fixed !== undefined ? (
                <>
                  fixed in <code>{line.fixed}</code>
                </>
              ) : (
                'not fixed yet'
              )}
            </li>
          ))}
        </ul>
        {one.affected.length > 100 && <p className="small muted">and {one.affected.length - 100} more</p>}
      </section>
    ))}
  </>
);

export const AdvisoriesTab = () => {
  const { data, reload, importFile } = useAdvisories((s) => ({
    data: s.data,
    reload: s.reload,
    importFile: s.importFile,
  }));
  const activities = useSystem((state) => state.activities);
  /** Its progress, and the way to stop it, stand under “Going on now”; here is what is being done. */
  const importing = Object.values(activities).find((one) => one.kind === 'import')?.label;
  const input = useRef<HTMLInputElement>(null);
  const [share, setShare] = useState<number>();
  const [refused, setRefused] = useState<FrostError>();
  const [wanted, setWanted] = useState('');
  const looked = useAsked('advisories.show', wanted.trim() === '' ? undefined : { id: wanted.trim() });
  const known = present(data);

  const take = async (file: File) => {
    setRefused(undefined);
    setShare(0);
    const result = await importFile(file, setShare);
    setShare(undefined);
    if (!result.ok && result.error.code === 'cancelled')
      return toast({ tone: 'neutral', title: 'The import was stopped. Nothing was changed.' });
    if (!result.ok) return setRefused(result.error);
    toast({ tone: 'good', title: `${plural(result.value.advisories, 'advisory', 'advisories')} taken in.` });
  };

  return (
    <div className="catalog-fill">
      <div className="catalog-ask">
        <Field label="Look up an advisory or a CVE" hideLabel className="catalog-search">
          <Input
            type="search"
            placeholder="CVE-2026-1234, DSA-5764-1, USN-7000-1…"
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
          />
        </Field>
        <input
          ref={input}
          type="file"
          className="visually-hidden"
          aria-label="Advisory data file"
          tabIndex={-1}
          onChange={(event) => {
            const [file] = event.target.files ?? [];
            event.target.value = '';
            if (file !== undefined) void take(file);
          }}
        />
        <Button
          icon={<Upload size={15} aria-hidden />}
          busy={share !== undefined}
          onClick={() => input.current?.click()}
        >
          Import data…
        </Button>
        <span role="status" className="small muted">
          {share !== undefined &&
            (share < 1 ? `Sending: ${Math.floor(share * 100)} %` : (importing ?? 'Reading the file'))}
        </span>
      </div>
      {refused !== undefined && (
        <ErrorState title="This file is refused; nothing was changed" error={refused} />
      )}
      {wanted.trim() !== '' && looked.status === 'ready' && <Found advisories={looked.value.advisories} />}
      {wanted.trim() !== '' && looked.status === 'error' && (
        <p role="status" className="muted">
          {looked.error.message}
        </p>
      )}
      {data.status === 'error' && (
        <ErrorState
          title="The advisory data cannot be read"
          error={data.error}
          onRetry={() => void reload()}
        />
      )}
      {known === undefined && data.status === 'loading' && <Loading label="Reading the advisory data" />}
      {known?.imports.length === 0 && (
        <EmptyState icon={ShieldQuestion} title="No advisory data was imported">
          <p>
            Bring a file: an OSV export (JSON or zip), the Debian security tracker’s JSON, Ubuntu’s notices,
            or an updateinfo.xml. Severities and CVEs then come from it too, and its age stands beside every
            verdict.
          </p>
        </EmptyState>
      )}
      {known !== undefined && known.imports.length > 0 && (
        <DataTable
          label="Imported advisory data"
          noun="import"
          columns={columns}
          rows={known.imports}
          rowKey={(row) => `${row.id}`}
          rowLabel={(row) => row.file}
          foot={plural(known.advisories, 'known advisory', 'known advisories')}
        />
      )}
    </div>
  );
};
