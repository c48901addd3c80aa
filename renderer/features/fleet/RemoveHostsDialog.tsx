/** Takes hosts out of the fleet; says what goes with them and what stays. */
import { ConfirmDialog } from '../../ui/Dialog.tsx';
import { formatList, plural } from '../../ui/format.ts';
import { selectorsOf } from './selection.ts';
import { useFleet } from './store.ts';

export const RemoveHostsDialog = ({
  open,
  onOpenChange,
  names,
  onRemoved,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  names: readonly string[];
  onRemoved?: () => void;
}) => {
  const remove = useFleet((state) => state.remove);
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={onOpenChange}
      title={`Remove ${names.length === 1 ? names[0] : plural(names.length, 'host')} from the fleet?`}
      confirmLabel={names.length === 1 ? 'Remove host' : `Remove ${plural(names.length, 'host')}`}
      {...(names.length > 10 ? { requireText: String(names.length) } : {})}
      onConfirm={async () => {
        const result = await remove(names, selectorsOf(names));
        if (result.ok) onRemoved?.();
        return result;
      }}
    >
      {names.length > 1 && <p>{formatList(names, 12)}</p>}
      <p>
        Their descriptions and secrets in the vault go, with the lists of their scans. The machines themselves
        are not touched, and the history of their runs stays.
      </p>
    </ConfirmDialog>
  );
};
