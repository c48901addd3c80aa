/** The gate a run stands at: what came of the waves so far, how long it soaks, and the button that opens it. */
import { Hourglass } from 'lucide-react';
import { useState } from 'react';
import type { Run } from '../../../shared/model/run.ts';
import { useCommand } from '../../app/commands.ts';
import { Button } from '../../ui/Button.tsx';
import { ConfirmDialog } from '../../ui/Dialog.tsx';
import { formatDateTime, plural } from '../../ui/format.ts';
import { Notice } from '../../ui/Notice.tsx';
import { useNow } from '../../ui/Time.tsx';
import { atOnceText } from '../plan/words.ts';
import { useRunPage } from './store.ts';
import { type Gate, gateOf, slowStartNow, soakLeft } from './waves.ts';

export const GateNotice = ({ run }: { run: Run }) => {
  const gate = gateOf(run);
  return gate === undefined ? null : <OpenGate key={gate.wave} run={run} gate={gate} />;
};

const OpenGate = ({ run, gate }: { run: Run; gate: Gate }) => {
  const [asking, setAsking] = useState(false);
  const name = `wave ${gate.wave} of ${gate.of}`;
  const label = gate.kind === 'manual' ? `Approve ${name}…` : `Begin ${name} now…`;
  useCommand({ id: 'run-approve', label, group: 'Run', keys: 'a', run: () => setAsking(true) });
  return (
    <div className="run-gate">
      <Notice
        tone="warn"
        title={
          <>
            <strong>
              {gate.kind === 'manual'
                ? `Wave ${gate.wave} of ${gate.of} waits for you.`
                : `Wave ${gate.wave} of ${gate.of} waits for the soak time.`}
            </strong>{' '}
            {gate.until !== undefined && <Soak until={gate.until} />}
          </>
        }
        hint={`It would start ${plural(gate.starts.length, 'host')}; ${gate.before}.`}
        actions={
          <Button
            variant={gate.kind === 'manual' ? 'primary' : 'secondary'}
            icon={<Hourglass size={15} aria-hidden />}
            onClick={() => setAsking(true)}
          >
            {label}
          </Button>
        }
      />
      <ApproveDialog open={asking} onOpenChange={setAsking} run={run} gate={gate} />
    </div>
  );
};

/** Counts down by itself, so that nothing around it is drawn anew every second. */
const Soak = ({ until }: { until: string }) => {
  const left = soakLeft(until, useNow({ fast: true }));
  return (
    <span className="num" title={formatDateTime(until)}>
      {left === undefined ? 'It begins any moment.' : `It begins by itself in ${left}.`}
    </span>
  );
};

const ApproveDialog = ({
  open,
  onOpenChange,
  run,
  gate,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  run: Run;
  gate: Gate;
}) => {
  const approve = useRunPage((s) => s.approve);
  const slow = slowStartNow(run);
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={onOpenChange}
      tone="primary"
      title={
        gate.kind === 'manual'
          ? `Approve wave ${gate.wave} of ${gate.of}?`
          : `Begin wave ${gate.wave} of ${gate.of} before its soak time is over?`
      }
      confirmLabel={`Start ${plural(gate.starts.length, 'host')}`}
      onConfirm={approve}
    >
      <p>
        These hosts start: <strong className="wrap-any">{gate.starts.join(', ')}</strong>.
      </p>
      <p>
        {atOnceText(run.parameters.concurrency)}
        {slow !== undefined && ` Slow start allows ${slow.limit} now.`} So far {gate.before}.
      </p>
    </ConfirmDialog>
  );
};
