/** The audit log: who did what, when and why; whether its chain holds; and all of it as a file. */
import { Download, RefreshCw, ShieldCheck } from 'lucide-react';
import { useEffect, useState } from 'react';
import { FrostFault, frostError } from '../../../shared/errors.ts';
import { AUDIT_BEGUN, type AuditLine, type AuditVerdict, auditOutcome } from '../../../shared/model/audit.ts';
import { present } from '../../app/loadable.ts';
import { useClient } from '../../transport/client.tsx';
import { StatusDot, type Tone } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { EmptyState, Loading } from '../../ui/EmptyState.tsx';
import { Field, Input } from '../../ui/Field.tsx';
import { formatDateTime, plural } from '../../ui/format.ts';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { PageHeader } from '../../ui/PageHeader.tsx';
import { toastError } from '../../ui/Toast.tsx';
import { saveBlob } from '../reports/Downloads.tsx';
import { useAudit } from './store.ts';
import '../reports/reports.css';

const WAIT_MS = 250;

const toneOf = ({ outcome }: AuditLine): Tone =>
  outcome === 'done' ? 'good' : outcome === AUDIT_BEGUN ? 'neutral' : 'bad';

const COLUMNS: readonly Column<AuditLine>[] = [
  {
    id: 'seq',
    header: 'No.',
    min: 4.5,
    align: 'end',
    descFirst: true,
    sort: (line) => line.seq,
    cell: (line) => line.seq,
  },
  { id: 'at', header: 'When', min: 11, sort: (line) => line.at, cell: (line) => formatDateTime(line.at) },
  {
    id: 'who',
    header: 'Who',
    min: 9,
    sort: (line) => line.account ?? line.actor,
    cell: (line) => (
      <span className="truncate">
        {line.account === undefined ? line.actor : `${line.account} (${line.actor})`}
      </span>
    ),
  },
  {
    id: 'action',
    header: 'What',
    min: 10,
    sort: (line) => line.action,
    cell: (line) => <span className="mono truncate">{line.action}</span>,
  },
  {
    id: 'outcome',
    header: 'Outcome',
    min: 9,
    sort: (line) => line.outcome,
    cell: (line) => (
      <StatusDot
        tone={toneOf(line)}
        title={line.begun === undefined ? undefined : `It began as number ${line.begun}`}
      >
        {auditOutcome(line)}
      </StatusDot>
    ),
  },
  {
    id: 'reason',
    header: 'Why',
    min: 8,
    grow: 1,
    cell: (line) => (
      <span className="truncate" title={line.reason}>
        {line.reason ?? '–'}
      </span>
    ),
  },
  {
    id: 'detail',
    header: 'Details',
    min: 10,
    grow: 2,
    cell: (line) => (
      <span className="mono truncate" title={line.detail}>
        {line.detail}
      </span>
    ),
  },
];

const Verdict = ({ verdict }: { verdict: AuditVerdict }) => {
  const [first] = verdict.findings;
  return first === undefined ? (
    <Notice
      tone="good"
      title={`The chain holds: ${plural(verdict.lines, 'line')}, none changed, removed or moved.`}
      hint={
        <>
          {verdict.open.count > 0 &&
            `${plural(verdict.open.count, 'command')} without an outcome: number ${verdict.open.lines.slice(0, 10).join(', ')}${verdict.open.count > 10 ? ' …' : ''}. `}
          Whether the end is whole, only a head that was noted elsewhere can tell.
        </>
      }
    />
  ) : (
    <Notice
      tone="bad"
      title={
        <>
          <strong>The chain is broken at line {first.line}:</strong> {first.message}.
        </>
      }
      hint={`${plural(verdict.findingCount, 'finding')}. Somebody wrote to the database; the lines before are as they were.`}
    />
  );
};

export const AuditPage = () => {
  const { log, search, read, older, verify } = useAudit((state) => state);
  const client = useClient();
  const [text, setText] = useState(search);
  const [verdict, setVerdict] = useState<AuditVerdict>();
  const [busy, setBusy] = useState<'verify' | 'export' | 'older'>();
  const part = present(log);

  // Read anew whenever the page is opened: the log has no changes of its own to listen to.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once
  useEffect(() => void read(search), []);
  useEffect(() => {
    if (text === search) return;
    const timer = setTimeout(() => void read(text), WAIT_MS);
    return () => clearTimeout(timer);
  }, [text, search, read]);

  const whileBusy = async (what: 'verify' | 'export' | 'older', work: () => Promise<void>) => {
    setBusy(what);
    await work();
    setBusy(undefined);
  };
  const check = () =>
    whileBusy('verify', async () => {
      const result = await verify();
      if (result.ok) setVerdict(result.value);
      else toastError('The log was not verified', result.error);
    });
  const save = () =>
    whileBusy('export', async () => {
      try {
        const parts: string[] = [];
        for await (const { lines } of client.stream('audit.export', {}))
          parts.push(lines.map((line) => `${line}\n`).join(''));
        saveBlob(parts, 'application/jsonl', `audit-${new Date().toISOString().slice(0, 10)}.jsonl`);
      } catch (thrown) {
        toastError(
          'The log was not exported',
          thrown instanceof FrostFault ? thrown.error : frostError('internal', 'The log could not be read.'),
        );
      }
    });

  return (
    <div className="page">
      <PageHeader
        title="Audit log"
        subtitle="Everything that was changed from this console. Each line is chained to the one before."
        actions={
          <>
            <Button
              icon={<ShieldCheck size={15} aria-hidden />}
              busy={busy === 'verify'}
              onClick={() => void check()}
            >
              Verify
            </Button>
            <Button
              icon={<Download size={15} aria-hidden />}
              busy={busy === 'export'}
              onClick={() => void save()}
            >
              Export
            </Button>
          </>
        }
      />
      <div className="page-body">
        {log.status === 'error' && (
          <ErrorState title="The log cannot be read" error={log.error} onRetry={() => void read(search)} />
        )}
        {verdict !== undefined && <Verdict verdict={verdict} />}
        {part !== undefined && (
          <p className="small">
            Head: number <span className="num">{part.head.seq}</span>,{' '}
            <code className="wrap-any">{part.head.hash}</code>
            <br />
            <span className="muted">Note it somewhere else: with it, a missing end can be found.</span>
          </p>
        )}
        <div className="report-filter">
          <Field label="Find">
            <Input
              type="search"
              placeholder="Host, snapshot, action, reason…"
              maxLength={200}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          </Field>
          <Button
            variant="ghost"
            icon={<RefreshCw size={15} aria-hidden />}
            busy={log.status === 'ready' && log.refreshing}
            onClick={() => void read(search)}
          >
            Read again
          </Button>
        </div>
        {part === undefined && log.status === 'loading' && <Loading label="Reading the audit log" />}
        {part?.lines.length === 0 && (
          <EmptyState title={search === '' ? 'Nothing was changed yet' : 'No line holds that'} />
        )}
        {part !== undefined && part.lines.length > 0 && (
          <DataTable
            label="Audit log"
            noun="line"
            columns={COLUMNS}
            rows={part.lines}
            rowKey={(line) => `${line.seq}`}
            initialSort={{ id: 'seq', desc: true }}
            rowTone={(line) => (toneOf(line) === 'bad' ? 'bad' : undefined)}
            foot={
              part.more ? (
                <Button
                  size="sm"
                  busy={busy === 'older'}
                  onClick={() =>
                    void whileBusy('older', async () => {
                      const result = await older();
                      if (!result.ok) toastError('Older lines were not read', result.error);
                    })
                  }
                >
                  Older lines
                </Button>
              ) : undefined
            }
          />
        )}
      </div>
    </div>
  );
};
