/** Saved rules: the newest version of each. */
import { ListChecks, Plus } from 'lucide-react';
import { Link, useLocation } from 'wouter';
import type { RuleSetSummary } from '../../../shared/model/rule.ts';
import { useCommand } from '../../app/commands.ts';
import { present } from '../../app/loadable.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { EmptyState, Loading } from '../../ui/EmptyState.tsx';
import { ErrorState } from '../../ui/Notice.tsx';
import { PageHeader } from '../../ui/PageHeader.tsx';
import { RelativeTime } from '../../ui/Time.tsx';
import { NEW, useRules } from './store.ts';
import './rules.css';

const address = (name: string): string => `/rules/${encodeURIComponent(name)}`;

export const RulesPage = () => {
  const { loadable, drafts, reload } = useRules((s) => ({
    loadable: s.ruleSets,
    drafts: s.drafts,
    reload: s.reload,
  }));
  const [, navigate] = useLocation();
  const ruleSets = present(loadable);
  const write = () => navigate(address(NEW));
  useCommand({ id: 'rules.new', label: 'New rules', group: 'Rules', keys: 'n', run: write });

  const columns: readonly Column<RuleSetSummary>[] = [
    {
      id: 'name',
      header: 'Name',
      min: 12,
      grow: 1.2,
      sort: (row) => row.name,
      cell: (row, { tabIndex }) => (
        <span className="row">
          <Link href={address(row.name)} tabIndex={tabIndex}>
            {row.name}
          </Link>
          {drafts.has(row.name) && <Badge tone="warn">not saved</Badge>}
        </span>
      ),
    },
    {
      id: 'version',
      header: 'Version',
      min: 5,
      align: 'end',
      sort: (row) => row.version,
      cell: (row) => row.version,
    },
    {
      id: 'rules',
      header: 'Rules',
      min: 4.5,
      align: 'end',
      sort: (row) => row.ruleCount,
      cell: (row) => row.ruleCount,
    },
    {
      id: 'description',
      header: 'Description',
      min: 12,
      grow: 2,
      cell: (row) => (
        <span title={row.description}>{row.description ?? <span className="muted">–</span>}</span>
      ),
    },
    { id: 'by', header: 'Saved by', min: 7, grow: 0.6, sort: (row) => row.author, cell: (row) => row.author },
    {
      id: 'at',
      header: 'Saved',
      min: 7,
      descFirst: true,
      sort: (row) => row.savedAt,
      cell: (row) => <RelativeTime at={row.savedAt} />,
    },
  ];

  return (
    <div className="page">
      <PageHeader
        title="Rules"
        subtitle="What is approved by itself: matched by what a patch is, once it is old enough."
        actions={
          <Button variant="primary" icon={<Plus size={15} aria-hidden />} onClick={write}>
            {drafts.has(NEW) ? 'Go on with new rules' : 'New rules'}
          </Button>
        }
      />
      <div className="page-body">
        {loadable.status === 'error' && (
          <ErrorState title="The rules cannot be read" error={loadable.error} onRetry={() => void reload()} />
        )}
        {ruleSets === undefined && loadable.status === 'loading' && <Loading label="Reading the rules" />}
        {ruleSets?.length === 0 && (
          <EmptyState icon={ListChecks} title="No rules yet">
            <p>
              Write down what may be deployed, for example security patches at once and everything else after
              a week. A preview shows what the rules would take of what your hosts are offered, before
              anything is saved.
            </p>
          </EmptyState>
        )}
        {ruleSets !== undefined && ruleSets.length > 0 && (
          <DataTable
            label="Saved rules"
            noun="set"
            columns={columns}
            rows={ruleSets}
            rowKey={(row) => row.name}
            rowLabel={(row) => row.name}
            initialSort={{ id: 'name' }}
            onOpen={(row) => navigate(address(row.name))}
          />
        )}
      </div>
    </div>
  );
};
