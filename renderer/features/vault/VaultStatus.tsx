/** The vault's state in the sidebar, and the dialog that opens it. */
import { KeyRound, Lock, LockOpen } from 'lucide-react';
import { useCommand } from '../../app/commands.ts';
import { present } from '../../app/loadable.ts';
import { useSystem } from '../../app/systemStore.ts';
import { Button } from '../../ui/Button.tsx';
import { toastError } from '../../ui/Toast.tsx';
import { useVault } from './store.ts';
import { UnlockDialog } from './UnlockDialog.tsx';

export const VaultStatus = () => {
  const vault = useSystem((state) => present(state.status)?.vault);
  const { ask, lock } = useVault((state) => ({ ask: state.ask, lock: state.lock }));
  const unlocked = vault?.state === 'unlocked';
  const byHand = vault !== undefined && vault.kind === 'passphrase';
  const doLock = () =>
    void lock().then((result) => {
      if (!result.ok) toastError('The vault could not be locked', result.error);
    });
  useCommand({
    id: 'vault',
    label: unlocked ? 'Lock the vault' : vault?.state === 'absent' ? 'Create the vault' : 'Unlock the vault',
    group: 'Window',
    also: 'password passphrase secret',
    disabled: !byHand,
    run: unlocked ? doLock : () => ask(),
  });
  if (vault === undefined) return null;
  return (
    <>
      {vault.kind === 'keychain' ? (
        <span className="side-note">
          <KeyRound size={14} aria-hidden /> Secrets in the system keychain
        </span>
      ) : (
        <Button
          variant="ghost"
          size="sm"
          icon={unlocked ? <LockOpen size={14} aria-hidden /> : <Lock size={14} aria-hidden />}
          onClick={unlocked ? doLock : () => ask()}
          title={unlocked ? 'Lock it' : undefined}
        >
          {unlocked ? 'Vault open' : vault.state === 'absent' ? 'No vault yet' : 'Vault locked'}
        </Button>
      )}
      <UnlockDialog state={vault.state} />
    </>
  );
};
