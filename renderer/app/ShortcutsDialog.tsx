/** Every shortcut that works now, and how the table is used by keys. */
import { Dialog } from '../ui/Dialog.tsx';
import { Kbd } from '../ui/Kbd.tsx';
import { type Command, useCommands } from './commands.ts';
import { keyLabels, onMac } from './keys.ts';

const TABLE_KEYS = [
  ['↑ ↓', 'move from row to row'],
  ['Page Up, Page Down, Home, End', 'move further'],
  ['Enter', 'open the row'],
  ['Space', 'select the row; with Shift, the rows since the last one'],
  ['Ctrl A', 'select all rows'],
  ['Tab', 'to the controls in the row, then out of the table'],
] as const;

export const ShortcutsDialog = ({ open, onClose }: { open: boolean; onClose: () => void }) => {
  const commands = useCommands((state) => state.commands);
  const groups = new Map<string, Command[]>();
  for (const command of commands)
    if (command.keys !== undefined)
      groups.set(command.group, [...(groups.get(command.group) ?? []), command]);
  const mac = onMac();
  return (
    <Dialog
      open={open}
      onClose={onClose}
      size="lg"
      title="Keyboard shortcuts"
      text="Single letters work while no field has the focus."
    >
      <div className="shortcuts">
        {[...groups].map(([group, entries]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {entries.map((command) => (
                <div key={command.id} className="shortcut">
                  <dt>{command.label}</dt>
                  <dd className="shortcut-keys">
                    {keyLabels(command.keys ?? '', mac).map((key) => (
                      <Kbd key={key}>{key}</Kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <section>
          <h3>In a table</h3>
          <dl>
            {TABLE_KEYS.map(([keys, what]) => (
              <div key={keys} className="shortcut">
                <dt>{what}</dt>
                <dd className="shortcut-keys">
                  {keys.split(', ').map((key) => (
                    <Kbd key={key}>{mac ? key.replace('Ctrl', '⌘') : key}</Kbd>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
    </Dialog>
  );
};
