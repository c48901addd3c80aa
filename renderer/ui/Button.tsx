/** Buttons. One that is not possible now stays focusable and says why in its title. */
import { LoaderCircle } from 'lucide-react';
import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react';
import { Tooltip } from './Tooltip.tsx';

export type ButtonVariant = 'primary' | 'secondary' | 'ghost' | 'danger';

export type ButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'disabled'> & {
  variant?: ButtonVariant;
  size?: 'md' | 'sm';
  /** Something was started and is not over: shows a spinner and ignores clicks. */
  busy?: boolean;
  disabled?: boolean | undefined;
  /** Why it is disabled; shown as its tooltip and read as its description. */
  reason?: string | undefined;
  icon?: ReactNode;
  ref?: Ref<HTMLButtonElement>;
};

export const Button = ({
  variant = 'secondary',
  size = 'md',
  busy = false,
  disabled = false,
  reason,
  icon,
  children,
  onClick,
  type = 'button',
  ...rest
}: ButtonProps) => {
  const blocked = disabled || busy;
  const button = (
    <button
      {...rest}
      // A disabled submit button still submits on Enter in a field; as a plain button it does not.
      type={blocked ? 'button' : type}
      className={`btn ${rest.className ?? ''}`}
      data-variant={variant}
      data-size={size}
      aria-disabled={blocked || undefined}
      aria-busy={busy || undefined}
      onClick={blocked ? (event) => event.preventDefault() : onClick}
    >
      {busy ? <LoaderCircle size={15} className="spin" aria-hidden /> : icon}
      {children}
    </button>
  );
  return disabled && reason !== undefined ? <Tooltip text={reason}>{button}</Tooltip> : button;
};

export type IconButtonProps = Omit<ButtonProps, 'children' | 'icon'> & { label: string; icon: ReactNode };

/** A button with only an icon; its `label` is its name and its tooltip. */
export const IconButton = ({ label, icon, variant = 'ghost', reason, ...rest }: IconButtonProps) => (
  <Tooltip text={rest.disabled && reason !== undefined ? `${label}: ${reason}` : label}>
    <Button {...rest} variant={variant} aria-label={label} data-icon-only="">
      {rest.busy ? null : icon}
    </Button>
  </Tooltip>
);
