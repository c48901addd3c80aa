/** A box that says something about the page: an error with its way out, a warning, a fact. */
import { CircleAlert, CircleCheck, Info, Snowflake, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { FrostError } from '../../shared/errors.ts';
import type { Tone } from './Badge.tsx';
import { Button } from './Button.tsx';

const ICONS = {
  neutral: Info,
  busy: Info,
  good: CircleCheck,
  warn: TriangleAlert,
  bad: CircleAlert,
  frozen: Snowflake,
} satisfies Record<Tone, typeof Info>;

export type NoticeProps = {
  tone: Tone;
  title: ReactNode;
  hint?: ReactNode;
  children?: ReactNode;
  actions?: ReactNode;
};

export const Notice = ({ tone, title, hint, children, actions }: NoticeProps) => {
  const Icon = ICONS[tone];
  return (
    <div className="notice" data-tone={tone} role={tone === 'bad' ? 'alert' : 'status'}>
      <Icon size={17} aria-hidden />
      <div className="notice-body">
        <div>{title}</div>
        {hint !== undefined && hint !== '' && <div className="notice-hint small">{hint}</div>}
        {children}
        {actions !== undefined && <div className="notice-actions">{actions}</div>}
      </div>
    </div>
  );
};

/** What a FrostError looks like wherever it stands: message, way out, host, packages, and a retry where one is given. */
export const ErrorState = ({
  error,
  onRetry,
  title,
  actions,
}: {
  error: FrostError;
  onRetry?: (() => void) | undefined;
  /** What was being tried, e.g. `The fleet could not be read`. */
  title?: string;
  actions?: ReactNode;
}) => (
  <Notice
    tone="bad"
    title={
      <>
        {title !== undefined && <strong>{title}. </strong>}
        {error.host !== undefined && !error.message.includes(error.host) && <strong>{error.host}: </strong>}
        {error.message}
      </>
    }
    hint={error.hint}
    actions={
      onRetry === undefined && actions === undefined ? undefined : (
        <>
          {onRetry !== undefined && (
            <Button size="sm" onClick={onRetry}>
              Try again
            </Button>
          )}
          {actions}
        </>
      )
    }
  >
    {error.packages !== undefined && error.packages.length > 0 && (
      <p className="small mono">{error.packages.join(' ')}</p>
    )}
    <p className="small muted">
      <code>{error.code}</code>
      {error.correlationId !== undefined && (
        <>
          {' '}
          · <code>{error.correlationId}</code> in the log
        </>
      )}
    </p>
  </Notice>
);
