/** One package: its versions, when each was first seen, what is known to be wrong with it, and which hosts have what. */
import { ShieldAlert } from 'lucide-react';
import { useMemo, useState } from 'react';
import { Link } from 'wouter';
import type { ShownVersion } from '../../../shared/contract/catalog.ts';
import type { CatalogHost, CatalogOffer } from '../../../shared/model/catalog.ts';
import { PackageVersion } from '../../../shared/model/primitives.ts';
import { present } from '../../app/loadable.ts';
import { useAsked } from '../../app/useAsked.ts';
import { StatusDot } from '../../ui/Badge.tsx';
import { groundsColumn, timeColumn } from '../../ui/columns.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { Loading } from '../../ui/EmptyState.tsx';
import { Field, Input, Segmented } from '../../ui/Field.tsx';
import { formatDateTime, plural } from '../../ui/format.ts';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { PageHeader } from '../../ui/PageHeader.tsx';
import { SeverityCell } from '../../ui/Severity.tsx';
import { bySeverity, severityLook, severityRank } from '../../ui/states.ts';
import { RelativeTime } from '../../ui/Time.tsx';
import './catalog.css';

const cvesOf = (row: ShownVersion): string[] =>
  [...new Set(row.faults.flatMap((fault) => fault.cves))].sort();
const worstFault = (row: ShownVersion) => row.faults.toSorted(bySeverity)[0];

const columns: readonly Column<ShownVersion>[] = [
  {
    id: 'version',
    header: 'Version',
    min: 11,
    grow: 1.2,
    cell: (row) => (
      <>
        <code>{row.version}</code> <span className="muted">{row.arch}</span>
      </>
    ),
  },
  {
    id: 'seen',
    header: 'First seen',
    min: 7,
    descFirst: true,
    sort: (row) => row.firstSeen.at,
    cell: (row) => <RelativeTime at={row.firstSeen.at} />,
  },
  {
    id: 'where',
    header: 'On',
    min: 8,
    grow: 0.6,
    sort: (row) => row.firstSeen.host,
    cell: (row) => (
      <span title={`${row.firstSeen.distro} ${row.firstSeen.release}`}>{row.firstSeen.host}</span>
    ),
  },
  {
    id: 'hosts',
    header: 'Hosts',
    min: 4.5,
    align: 'end',
    descFirst: true,
    sort: (row) => row.installedOn,
    cell: (row) => row.installedOn,
  },
  {
    id: 'offered',
    header: 'Offered by',
    min: 9,
    grow: 1,
    cell: (row) => {
      const origins = [...new Set(row.offers.map((offer) => offer.origin))].join(', ');
      return origins === '' ? <span className="muted">–</span> : <span title={origins}>{origins}</span>;
    },
  },
  {
    id: 'faults',
    header: 'Known faults',
    min: 10,
    grow: 1.2,
    descFirst: true,
    sort: (row) => cvesOf(row).length,
    cell: (row) => {
      if (row.faults.length === 0) return <span className="muted">none known</span>;
      const cves = cvesOf(row);
      const look = severityLook[worstFault(row)?.severity ?? 'unknown'];
      return (
        <StatusDot tone={look.tone} icon={look.icon ?? ShieldAlert} title={cves.join(', ')}>
          {`${look.label}: ${cves.length === 0 ? plural(row.faults.length, 'advisory', 'advisories') : cves.slice(0, 2).join(', ')}${cves.length > 2 ? ` and ${cves.length - 2} more` : ''}`}
        </StatusDot>
      );
    },
  },
  groundsColumn((row) => worstFault(row)?.grounds ?? []),
];

type Offer = Pick<ShownVersion, 'ecosystem' | 'arch' | 'version'> & { offer: CatalogOffer };

const offersOf = (versions: readonly ShownVersion[]): Offer[] =>
  versions.flatMap(({ ecosystem, arch, version, offers }) =>
    offers.map((offer) => ({ ecosystem, arch, version, offer })),
  );

const offerColumns: readonly Column<Offer>[] = [
  {
    id: 'version',
    header: 'Version',
    min: 11,
    grow: 1.2,
    cell: (row) => (
      <>
        <code>{row.version}</code> <span className="muted">{row.arch}</span>
      </>
    ),
  },
  {
    id: 'by',
    header: 'Offered by',
    min: 11,
    grow: 1,
    sort: ({ offer }) => offer.origin,
    cell: ({ offer }) => <span title={offer.origin}>{offer.origin}</span>,
  },
  {
    id: 'to',
    header: 'To hosts with',
    min: 8,
    sort: ({ offer }) => `${offer.distro} ${offer.release}`,
    cell: ({ offer }) => `${offer.distro} ${offer.release}`,
  },
  timeColumn({ id: 'seen', header: 'First seen', min: 7, of: ({ offer }) => offer.firstSeen.at }),
  {
    id: 'as',
    header: 'Offered as',
    min: 7.25,
    sort: ({ offer }) => severityRank(offer),
    cell: ({ offer }) => (
      <SeverityCell
        severity={offer.severity}
        classification={offer.classification}
        title={offer.advisories.join(', ')}
      />
    ),
  },
  groundsColumn(({ offer }) => offer.grounds),
];

const hostColumns: readonly Column<CatalogHost>[] = [
  {
    id: 'host',
    header: 'Host',
    min: 9,
    grow: 1,
    sort: (row) => row.host,
    cell: (row, { tabIndex }) => (
      <Link href={`/fleet/${encodeURIComponent(row.host)}`} tabIndex={tabIndex}>
        {row.host}
      </Link>
    ),
  },
  {
    id: 'version',
    header: 'Installed version',
    min: 11,
    grow: 1.4,
    sort: (row) => row.version,
    cell: (row) => <code>{row.version}</code>,
  },
  { id: 'arch', header: 'Architecture', min: 8, sort: (row) => row.arch, cell: (row) => row.arch },
];

export const PackagePage = ({ name }: { name: string }) => {
  const answer = useAsked('catalog.show', { name });
  const shown = present(answer);
  return (
    <div className="page">
      <PageHeader
        title={name}
        crumb={<Link href="/catalogue">Catalogue</Link>}
        subtitle={
          shown === undefined
            ? undefined
            : shown.advisoryData === undefined
              ? 'No advisory data was imported: what is wrong with a version is not known here.'
              : `Advisory data as of ${formatDateTime(shown.advisoryData.asOf)} (${shown.advisoryData.source}).`
        }
      />
      <div className="page-body catalog-package">
        {answer.status === 'error' && <ErrorState title="This package cannot be read" error={answer.error} />}
        {shown === undefined && answer.status === 'loading' && <Loading label="Reading the package" />}
        {shown !== undefined && (
          <>
            <Versions name={name} versions={shown.versions} />
            <Hosts name={name} suggestion={shown.versions[0]?.version ?? ''} />
          </>
        )}
      </div>
    </div>
  );
};

/** What is wrong with each version, or what hosts' own lists say of it where they offer it. */
const Versions = ({ name, versions }: { name: string; versions: readonly ShownVersion[] }) => {
  const [shown, setShown] = useState<'versions' | 'offers'>('versions');
  const offers = useMemo(() => offersOf(versions), [versions]);
  return (
    <section className="catalog-fill" aria-label="Versions">
      <Segmented
        label="What is shown"
        hideLabel
        value={shown}
        onChange={setShown}
        options={[
          { value: 'versions', label: 'Versions and their faults' },
          { value: 'offers', label: 'Offers to hosts' },
        ]}
      />
      {shown === 'versions' ? (
        <DataTable
          label={`Versions of ${name}`}
          noun="version"
          columns={columns}
          rows={versions}
          rowKey={(row) => `${row.ecosystem}:${row.arch}:${row.version}`}
          rowLabel={(row) => row.version}
        />
      ) : (
        <DataTable
          label={`Offers of ${name}`}
          noun="offer"
          columns={offerColumns}
          rows={offers}
          rowKey={({ ecosystem, arch, version, offer }) =>
            [ecosystem, arch, version, offer.distro, offer.release, offer.origin].join(':')
          }
          empty={<p className="muted">No host was ever offered it as an update.</p>}
        />
      )}
    </section>
  );
};

type Which = 'any' | 'below' | 'version';

/** Who has it: below a version, in one, or in any. */
const Hosts = ({ name, suggestion }: { name: string; suggestion: string }) => {
  const [which, setWhich] = useState<Which>('any');
  const [version, setVersion] = useState(suggestion);
  const valid = PackageVersion.safeParse(version.trim()).success;
  const asked = which === 'any' ? { name } : valid ? { name, [which]: version.trim() } : undefined;
  const answer = useAsked('catalog.hosts', asked);
  const found = present(answer);
  return (
    <section className="catalog-fill" aria-labelledby="catalog-hosts">
      <h2 id="catalog-hosts">Hosts that have it</h2>
      <div className="catalog-ask">
        <Segmented
          label="In which version"
          hideLabel
          value={which}
          onChange={setWhich}
          options={[
            { value: 'any', label: 'Any version' },
            { value: 'below', label: 'Below' },
            { value: 'version', label: 'Exactly' },
          ]}
        />
        {which !== 'any' && (
          <Field
            label="Version"
            hideLabel
            error={valid ? undefined : 'This is not a package version.'}
            className="catalog-search"
          >
            <Input mono value={version} onChange={(event) => setVersion(event.target.value)} />
          </Field>
        )}
      </div>
      {answer.status === 'error' && <ErrorState title="The hosts cannot be read" error={answer.error} />}
      {found !== undefined && found.unknown.length > 0 && (
        <Notice
          tone="warn"
          title={`Not known of ${plural(found.unknown.length, 'host')} that never had a good scan: ${found.unknown.slice(0, 8).join(', ')}${found.unknown.length > 8 ? ' …' : ''}`}
        />
      )}
      {found === undefined ? (
        <Loading label="Asking who has it" rows={4} />
      ) : (
        <DataTable
          label={`Hosts with ${name}`}
          noun="host"
          columns={hostColumns}
          rows={found.hosts}
          rowKey={(row) => `${row.hostId}:${row.arch}:${row.version}`}
          rowLabel={(row) => row.host}
          initialSort={{ id: 'host' }}
          empty={<p className="muted">No scanned host has it so.</p>}
        />
      )}
    </section>
  );
};
