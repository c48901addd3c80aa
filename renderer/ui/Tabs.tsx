/** Tabs; panels that are not shown are not mounted. */
import { Tabs as Radix } from 'radix-ui';
import type { ReactNode } from 'react';

export type TabItem = { id: string; label: string; count?: number | undefined; content: ReactNode };

export const Tabs = ({
  label,
  items,
  value,
  onChange,
}: {
  label: string;
  items: readonly TabItem[];
  value: string;
  onChange: (id: string) => void;
}) => (
  <Radix.Root value={value} onValueChange={onChange} className="page">
    <Radix.List className="tabs-list" aria-label={label}>
      {items.map((item) => (
        <Radix.Trigger key={item.id} value={item.id} className="tab">
          {item.label}
          {item.count !== undefined && <span className="tab-count">{item.count}</span>}
        </Radix.Trigger>
      ))}
    </Radix.List>
    {items.map((item) => (
      <Radix.Content key={item.id} value={item.id} className="tab-panel">
        {item.content}
      </Radix.Content>
    ))}
  </Radix.Root>
);
