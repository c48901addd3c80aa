/** Says in the sidebar that the demo fleet runs, and stops it. */
import { FlaskConical } from 'lucide-react';
import { useState } from 'react';
import { ok } from '../../../shared/errors.ts';
import { useCommand } from '../../app/commands.ts';
import { present } from '../../app/loadable.ts';
import { useSystem } from '../../app/systemStore.ts';
import { Button } from '../../ui/Button.tsx';
import { ConfirmDialog } from '../../ui/Dialog.tsx';
import { plural } from '../../ui/format.ts';
import { useDemo } from './store.ts';

export const DemoStatus = () => {
  const demo = useSystem((state) => present(state.status)?.demo);
  const { busy, start, stop } = useDemo((state) => state);
  const [asking, setAsking] = useState(false);
  const running = demo?.running === true;
  useCommand({
    id: 'demo',
    label: running ? 'Stop the demo fleet' : 'Start the demo fleet',
    group: 'Fleet',
    run: running ? () => setAsking(true) : () => void start(),
  });
  if (!running) return null;
  return (
    <>
      <Button
        variant="ghost"
        size="sm"
        busy={busy === 'stopping'}
        icon={<FlaskConical size={14} aria-hidden />}
        onClick={() => setAsking(true)}
      >
        Demo fleet: {demo.hosts}
      </Button>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title="Stop the demo fleet?"
        confirmLabel="Stop and remove"
        onConfirm={async () => {
          await stop();
          return ok(null);
        }}
      >
        <p>
          Its {plural(demo.hosts, 'host')} end and are removed from the fleet. Snapshots and the history of
          runs stay. Your own hosts are not touched.
        </p>
      </ConfirmDialog>
    </>
  );
};
