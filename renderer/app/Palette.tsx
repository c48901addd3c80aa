/** Ctrl/Cmd-K: commands of the moment, hosts and snapshots by name. */
import { Command as Cmdk } from 'cmdk';
import { CornerDownLeft, Layers, Server } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import { type ReactNode, useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { useFleet } from '../features/fleet/store.ts';
import { useClient } from '../transport/client.tsx';
import { Kbd } from '../ui/Kbd.tsx';
import { useCommands } from './commands.ts';
import { keyLabels, onMac } from './keys.ts';
import { present } from './loadable.ts';

/** Names shown of each kind: the box is for finding, not for browsing. */
const SHOWN = 8;

/** Every word of the query stands somewhere in the text. Exported for tests. */
export const finds = (query: string, text: string): boolean => {
  const hay = text.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => hay.includes(word));
};

export const Palette = ({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) => (
  <Radix.Root open={open} onOpenChange={onOpenChange}>
    <Radix.Portal>
      <div className="scrim" />
      <Radix.Content className="dialog palette" aria-describedby={undefined}>
        <Radix.Title className="visually-hidden">Find a command, host or snapshot</Radix.Title>
        <PaletteBody close={() => onOpenChange(false)} />
      </Radix.Content>
    </Radix.Portal>
  </Radix.Root>
);

const PaletteBody = ({ close }: { close: () => void }) => {
  const [query, setQuery] = useState('');
  const [snapshots, setSnapshots] = useState<readonly string[]>([]);
  const commands = useCommands((state) => state.commands);
  const hosts = useFleet((state) => present(state.hosts));
  const client = useClient();
  const [, navigate] = useLocation();
  useEffect(() => {
    const abort = new AbortController();
    void client.call('snapshots.list', {}, abort.signal).then((result) => {
      if (result.ok) setSnapshots(result.value.snapshots.map((snapshot) => snapshot.name));
    });
    return () => abort.abort();
  }, [client]);

  const choose = (run: () => void) => () => {
    close();
    run();
  };
  const groups = new Map<string, ReactNode[]>();
  for (const command of commands) {
    if (command.disabled === true || command.id === 'palette') continue;
    if (!finds(query, `${command.label} ${command.group} ${command.also ?? ''}`)) continue;
    groups.set(command.group, [
      ...(groups.get(command.group) ?? []),
      <Cmdk.Item key={command.id} value={command.id} className="menu-item" onSelect={choose(command.run)}>
        <CornerDownLeft size={14} aria-hidden />
        <span className="grow">{command.label}</span>
        <span className="keys">
          {command.keys !== undefined &&
            keyLabels(command.keys, onMac()).map((key) => <Kbd key={key}>{key}</Kbd>)}
        </span>
      </Cmdk.Item>,
    ]);
  }
  const named = (kind: string, names: readonly string[], icon: ReactNode, path: string) =>
    query.trim() === ''
      ? []
      : names
          .filter((name) => finds(query, name))
          .slice(0, SHOWN)
          .map((name) => (
            <Cmdk.Item
              key={name}
              value={`${kind}:${name}`}
              className="menu-item"
              onSelect={choose(() => navigate(`${path}/${encodeURIComponent(name)}`))}
            >
              {icon}
              <span className="grow">{name}</span>
            </Cmdk.Item>
          ));
  const places = [
    [
      'Hosts',
      named('host', hosts?.map((each) => each.host.name) ?? [], <Server size={14} aria-hidden />, '/fleet'),
    ],
    ['Snapshots', named('snapshot', snapshots, <Layers size={14} aria-hidden />, '/snapshots')],
  ] as const;
  return (
    <Cmdk label="Find a command, host or snapshot" shouldFilter={false} loop>
      <Cmdk.Input
        className="input palette-input"
        value={query}
        onValueChange={setQuery}
        placeholder="Command, host or snapshot"
      />
      <Cmdk.List className="palette-list" label="Found">
        <Cmdk.Empty className="palette-empty">Nothing is called so.</Cmdk.Empty>
        {[...places, ...groups].map(([heading, items]) =>
          items.length === 0 ? null : (
            <Cmdk.Group key={heading} heading={heading}>
              {items}
            </Cmdk.Group>
          ),
        )}
      </Cmdk.List>
    </Cmdk>
  );
};
