import { PackageSearch } from 'lucide-react';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { CatalogPackage } from '../../../shared/model/catalog.ts';
import { present } from '../../app/loadable.ts';
import { useAsked } from '../../app/useAsked.ts';
import { countColumn, timeColumn } from '../../ui/columns.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { EmptyState, Loading } from '../../ui/EmptyState.tsx';
import { Field, Input } from '../../ui/Field.tsx';
import { ErrorState } from '../../ui/Notice.tsx';

const address = (name: string): string => `/catalogue/${encodeURIComponent(name)}`;

const columns: readonly Column<CatalogPackage>[] = [
  {
    id: 'name',
    header: 'Package',
    min: 14,
    grow: 2,
    sort: (row) => row.name,
    cell: (row, { tabIndex }) => (
      <span className="row">
        <Link href={address(row.name)} tabIndex={tabIndex}>
          {row.name}
        </Link>
        <span className="muted">{row.arch}</span>
      </span>
    ),
  },
  { id: 'ecosystem', header: 'Manager', min: 6, sort: (row) => row.ecosystem, cell: (row) => row.ecosystem },
  countColumn({ id: 'versions', header: 'Versions', min: 6, of: (row) => row.versions }),
  countColumn({ id: 'hosts', header: 'Hosts', min: 5, of: (row) => row.installedOn }),
  timeColumn({ id: 'new', header: 'Newest version seen', min: 11.5, of: (row) => row.lastNewAt }),
];

export const PackagesTab = () => {
  const [text, setText] = useState('');
  const [, navigate] = useLocation();
  const answer = useAsked('catalog.search', { text });
  const found = present(answer);
  return (
    <div className="catalog-fill">
      <Field label="Search packages" hideLabel className="catalog-search">
        <Input
          type="search"
          placeholder="A part of the name, for example ssl"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </Field>
      {answer.status === 'error' && <ErrorState title="The catalogue cannot be read" error={answer.error} />}
      {found === undefined && answer.status === 'loading' && <Loading label="Reading the catalogue" />}
      {found?.packages.length === 0 && (
        <EmptyState
          icon={PackageSearch}
          title={text.trim() === '' ? 'The catalogue is empty' : 'No scan has shown such a package'}
        >
          <p>
            {text.trim() === ''
              ? 'Scan some hosts: what they have and are offered is remembered here for good.'
              : 'Try a shorter part of its name.'}
          </p>
        </EmptyState>
      )}
      {found !== undefined && found.packages.length > 0 && (
        <DataTable
          label="Packages"
          noun="package"
          columns={columns}
          rows={found.packages}
          rowKey={(row) => `${row.ecosystem}:${row.name}:${row.arch}`}
          rowLabel={(row) => row.name}
          onOpen={(row) => navigate(address(row.name))}
          foot={found.more ? 'There are more: type more of the name' : undefined}
        />
      )}
    </div>
  );
};
