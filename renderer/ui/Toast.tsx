/** Short messages about what just happened. Errors stay until they are closed. Built on Radix: sonner adds a style element, which the page's policy forbids. */
import { CircleAlert, CircleCheck, Info, TriangleAlert, X } from 'lucide-react';
import { Toast as Radix } from 'radix-ui';
import { create } from 'zustand';
import type { FrostError } from '../../shared/errors.ts';
import { Button, IconButton } from './Button.tsx';

export type ToastTone = 'neutral' | 'good' | 'warn' | 'bad';
export type ToastItem = {
  id: number;
  tone: ToastTone;
  title: string;
  text?: string | undefined;
  action?: { label: string; run: () => void } | undefined;
};

const useToasts = create<{ items: ToastItem[] }>(() => ({ items: [] }));
let nextId = 1;

/** Shows a message; the newest five are kept. */
export const toast = (item: Omit<ToastItem, 'id'>): void => {
  const id = nextId;
  nextId += 1;
  useToasts.setState((state) => ({ items: [...state.items.slice(-4), { ...item, id }] }));
};

export const toastError = (title: string, error: FrostError): void =>
  toast({ tone: 'bad', title, text: [error.message, error.hint].filter(Boolean).join(' ') });

const close = (id: number): void =>
  useToasts.setState((state) => ({ items: state.items.filter((item) => item.id !== id) }));

const ICONS = {
  neutral: Info,
  good: CircleCheck,
  warn: TriangleAlert,
  bad: CircleAlert,
} satisfies Record<ToastTone, typeof Info>;

export const Toaster = () => {
  const items = useToasts((state) => state.items);
  return (
    <Radix.Provider label="Message" swipeDirection="right">
      {items.map((item) => {
        const Icon = ICONS[item.tone];
        return (
          <Radix.Root
            key={item.id}
            className="toast"
            data-tone={item.tone}
            type={item.tone === 'bad' ? 'foreground' : 'background'}
            duration={item.tone === 'bad' ? Number.POSITIVE_INFINITY : 6000}
            onOpenChange={(open) => {
              if (!open) close(item.id);
            }}
          >
            <Icon size={17} aria-hidden />
            <div className="grow">
              <Radix.Title className="toast-title">{item.title}</Radix.Title>
              {item.text !== undefined && (
                <Radix.Description className="toast-text">{item.text}</Radix.Description>
              )}
              {item.action !== undefined && (
                <div className="notice-actions">
                  <Radix.Action asChild altText={item.action.label}>
                    <Button size="sm" onClick={item.action.run}>
                      {item.action.label}
                    </Button>
                  </Radix.Action>
                </div>
              )}
            </div>
            <Radix.Close asChild>
              <IconButton label="Dismiss" size="sm" icon={<X size={15} aria-hidden />} />
            </Radix.Close>
          </Radix.Root>
        );
      })}
      <Radix.Viewport className="toasts" label="Messages ({hotkey})" />
    </Radix.Provider>
  );
};
