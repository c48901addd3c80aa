/** What a freeze lets through, or did; those that are in force can be withdrawn. */
import { useState } from 'react';
import type { ExceptionView } from '../../../shared/model/snapshot.ts';
import { Button } from '../../ui/Button.tsx';
import { inZone } from './freezeTime.ts';
import { ReasonDialog } from './ReasonDialog.tsx';
import { type FreezeInfo, useSnapshots } from './store.ts';

const labelOf = ({ name, arch, version }: ExceptionView): string =>
  `${name}${arch === undefined ? '' : `:${arch}`} ${version}`;

export const Exceptions = ({ freeze }: { freeze: FreezeInfo }) => {
  const withdraw = useSnapshots((s) => s.withdraw);
  const [withdrawing, setWithdrawing] = useState<ExceptionView>();
  if (freeze.exceptions === undefined) return null;
  return (
    <>
      <ul className="small snap-exceptions" aria-label="Exceptions">
        {freeze.exceptions.map((one) => (
          <li key={`${one.ecosystem} ${one.name}:${one.arch ?? ''}`}>
            Exception{one.withdrawn !== undefined ? ' (withdrawn)' : one.active ? '' : ' (over)'}:{' '}
            <code className="wrap-any">{labelOf(one)}</code> until {inZone(one.until, freeze.zone)}, by{' '}
            {one.author.name}: {one.reason}
            {one.withdrawn !== undefined &&
              `. Withdrawn ${inZone(one.withdrawn.at, freeze.zone)} by ${one.withdrawn.author.name}: ${one.withdrawn.reason}`}{' '}
            {one.active && (
              <Button
                size="sm"
                onClick={() => setWithdrawing(one)}
                aria-label={`Withdraw the exception for ${labelOf(one)}…`}
              >
                Withdraw…
              </Button>
            )}
          </li>
        ))}
      </ul>
      {withdrawing !== undefined && (
        <ReasonDialog
          title={`Withdraw the exception for ${labelOf(withdrawing)}?`}
          text="From then on the freeze keeps it out again, in runs that are under way too. Hosts that have it keep it. The exception stays on record, as withdrawn, with your name and the reason."
          missing="Say why it is withdrawn."
          action="Withdraw"
          onReason={(reason) => withdraw(freeze.snapshot, withdrawing, reason)}
          onClose={() => setWithdrawing(undefined)}
        />
      )}
    </>
  );
};
