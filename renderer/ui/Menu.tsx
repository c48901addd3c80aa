/**
 * Menus and popovers. Both are non-modal: Radix's modal ones lock scrolling by adding a style element, which the page's
 * content security policy forbids.
 */
import { DropdownMenu, Popover as RadixPopover } from 'radix-ui';
import { Fragment, type ReactElement, type ReactNode, useState } from 'react';
import { overlays } from './overlays.ts';

export type MenuItem =
  | {
      kind?: 'item';
      id: string;
      label: ReactNode;
      /** A second, smaller line. */
      note?: string;
      icon?: ReactNode;
      danger?: boolean;
      disabled?: boolean;
      onSelect: () => void;
    }
  | { kind: 'separator'; id: string };

/** `trigger` is one button element. */
export const Menu = ({
  trigger,
  label,
  items,
  align = 'end',
}: {
  trigger: ReactElement;
  label: string;
  items: readonly MenuItem[];
  align?: 'start' | 'end';
}) => {
  const [open, setOpen] = useState(false);
  return (
    <DropdownMenu.Root modal={false} open={open} onOpenChange={setOpen}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal container={open ? overlays() : null}>
        <DropdownMenu.Content
          className="menu"
          aria-label={label}
          align={align}
          sideOffset={4}
          collisionPadding={8}
          onClick={(event) => event.stopPropagation()}
        >
          {items.map((item) => (
            <Fragment key={item.id}>
              {item.kind === 'separator' ? (
                <DropdownMenu.Separator className="menu-separator" />
              ) : (
                <DropdownMenu.Item
                  className="menu-item"
                  data-danger={item.danger ? '' : undefined}
                  disabled={item.disabled ?? false}
                  onSelect={item.onSelect}
                >
                  {item.icon}
                  <span>
                    {item.label}
                    {item.note !== undefined && <span className="menu-note">{item.note}</span>}
                  </span>
                </DropdownMenu.Item>
              )}
            </Fragment>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
};

/** A small panel beside its trigger, for a few controls. */
export const Popover = ({
  trigger,
  label,
  children,
  align = 'end',
  open,
  onOpenChange,
}: {
  trigger: ReactElement;
  label: string;
  children: ReactNode;
  align?: 'start' | 'end';
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
}) => {
  const [own, setOwn] = useState(false);
  const shown = open ?? own;
  const change = onOpenChange ?? setOwn;
  return (
    <RadixPopover.Root open={shown} onOpenChange={change}>
      <RadixPopover.Trigger asChild>{trigger}</RadixPopover.Trigger>
      <RadixPopover.Portal container={shown ? overlays() : null}>
        <RadixPopover.Content
          className="popover"
          aria-label={label}
          align={align}
          sideOffset={4}
          collisionPadding={8}
        >
          {children}
        </RadixPopover.Content>
      </RadixPopover.Portal>
    </RadixPopover.Root>
  );
};
