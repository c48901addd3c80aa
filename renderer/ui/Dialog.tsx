/**
 * Dialogs. The scrim is ours and not Radix's overlay: that one locks scrolling by adding a style element, which the
 * page's content security policy forbids. A click beside a dialog does not close it, so that nothing typed is lost.
 */
import { X } from 'lucide-react';
import { AlertDialog, Dialog as Radix } from 'radix-ui';
import { type FormEventHandler, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import type { FrostError, Result } from '../../shared/errors.ts';
import { Button, IconButton } from './Button.tsx';
import { Input } from './Field.tsx';
import { Notice } from './Notice.tsx';

export type DialogProps = {
  /** Default: it is, as long as it stands there. */
  open?: boolean;
  onClose: () => void;
  title: ReactNode;
  /** One or two sentences below the title. */
  text?: ReactNode;
  size?: 'md' | 'lg';
  tone?: 'bad';
  /** What was found out or went wrong: above the buttons, in sight however far the body is scrolled, and never pushing a control away. */
  notice?: ReactNode;
  /** Buttons, right-aligned. */
  footer?: ReactNode;
  /** With it, body and footer stand in a form. */
  onSubmit?: FormEventHandler<HTMLFormElement>;
  children?: ReactNode;
};

export const Dialog = ({
  open = true,
  onClose,
  title,
  text,
  size = 'md',
  tone,
  notice,
  footer,
  onSubmit,
  children,
}: DialogProps) => {
  const content = useRef<HTMLDivElement>(null);
  const inner = (
    <>
      {children !== undefined && <div className="dialog-body stack">{children}</div>}
      {notice !== undefined && <div className="dialog-note stack">{notice}</div>}
      {footer !== undefined && <div className="dialog-foot">{footer}</div>}
    </>
  );
  return (
    <Radix.Root
      open={open}
      onOpenChange={(next) => {
        if (!next) onClose();
      }}
    >
      <Radix.Portal>
        <div className="scrim" />
        <Radix.Content
          className="dialog"
          data-size={size}
          data-tone={tone}
          {...(text === undefined ? { 'aria-describedby': undefined } : {})}
          ref={content}
          // Not the close button, which comes first: the first field, else the dialog itself, which is then read out.
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            const field = content.current?.querySelector<HTMLElement>(
              '.dialog-body :is(input, select, textarea)',
            );
            (field ?? content.current)?.focus();
          }}
          onPointerDownOutside={(event) => event.preventDefault()}
          onInteractOutside={(event) => event.preventDefault()}
        >
          <div className="dialog-head">
            <div className="grow">
              <Radix.Title className="dialog-title">{title}</Radix.Title>
              {text !== undefined && (
                <Radix.Description asChild>
                  <div className="dialog-text">{text}</div>
                </Radix.Description>
              )}
            </div>
            <Radix.Close asChild>
              <IconButton label="Close" size="sm" icon={<X size={16} aria-hidden />} />
            </Radix.Close>
          </div>
          {onSubmit === undefined ? (
            inner
          ) : (
            <form onSubmit={onSubmit} noValidate>
              {inner}
            </form>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
};

export type ConfirmDialogProps = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  /** What it will do, concretely. */
  children: ReactNode;
  confirmLabel: string;
  tone?: 'danger' | 'primary';
  size?: 'md' | 'lg';
  /** Must be typed first: for what cannot be taken back. */
  requireText?: string;
  /** Closes on success; an error is shown inside. */
  onConfirm: () => Promise<Result<unknown, FrostError>>;
};

export const ConfirmDialog = (props: ConfirmDialogProps) => (
  <AlertDialog.Root open={props.open} onOpenChange={props.onOpenChange}>
    <AlertDialog.Portal>
      <div className="scrim" />
      <AlertDialog.Content aria-modal className="dialog" data-size={props.size ?? 'md'}>
        <ConfirmBody {...props} />
      </AlertDialog.Content>
    </AlertDialog.Portal>
  </AlertDialog.Root>
);

/** Its own component, so that a reopened dialog starts afresh. */
const ConfirmBody = ({
  title,
  children,
  confirmLabel,
  tone = 'danger',
  requireText,
  onConfirm,
  onOpenChange,
}: ConfirmDialogProps) => {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<FrostError>();
  const [typed, setTyped] = useState('');
  const typedId = useId();
  const body = useRef<HTMLDivElement>(null);
  // What has to be scrolled to be read is a stop for the keyboard, too, where nothing in it is.
  const [scrolls, setScrolls] = useState(false);
  useEffect(() => {
    const element = body.current;
    if (element === null) return;
    const look = new ResizeObserver(() => setScrolls(element.scrollHeight > element.clientHeight));
    look.observe(element);
    return () => look.disconnect();
  }, []);
  const ready = requireText === undefined || typed === requireText;
  const confirm = async () => {
    setBusy(true);
    setError(undefined);
    const result = await onConfirm();
    setBusy(false);
    if (result.ok) onOpenChange(false);
    else setError(result.error);
  };
  return (
    <>
      <div className="dialog-head">
        <AlertDialog.Title className="dialog-title">{title}</AlertDialog.Title>
      </div>
      <AlertDialog.Description asChild>
        <div
          className="dialog-body stack"
          ref={body}
          {...(scrolls ? { tabIndex: 0, role: 'group', 'aria-label': 'What it will do' } : {})}
        >
          {children}
          {requireText !== undefined && (
            <div className="field">
              <label htmlFor={typedId} className="field-label">
                Type <code>{requireText}</code> to go on
              </label>
              <Input id={typedId} value={typed} onChange={(event) => setTyped(event.target.value)} />
            </div>
          )}
          {error !== undefined && <Notice tone="bad" title={error.message} hint={error.hint} />}
        </div>
      </AlertDialog.Description>
      <div className="dialog-foot">
        <AlertDialog.Cancel asChild>
          <Button>Cancel</Button>
        </AlertDialog.Cancel>
        <Button variant={tone} busy={busy} disabled={!ready} onClick={() => void confirm()}>
          {confirmLabel}
        </Button>
      </div>
    </>
  );
};
