/** What stands where there is nothing (yet), and what to do next. */
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

export const EmptyState = ({
  icon: Icon,
  title,
  children,
  actions,
}: {
  icon?: LucideIcon;
  title: string;
  /** What to do next. */
  children?: ReactNode;
  actions?: ReactNode;
}) => (
  <div className="placeholder">
    {Icon !== undefined && <Icon size={28} strokeWidth={1.5} aria-hidden />}
    <h2>{title}</h2>
    {children !== undefined && <div className="stack">{children}</div>}
    {actions !== undefined && <div className="row">{actions}</div>}
  </div>
);

const WIDTHS = ['62%', '48%', '71%', '55%', '66%', '43%', '58%', '69%'] as const;

/** Grey lines while something is read for the first time. */
export const Loading = ({ label, rows = 8 }: { label: string; rows?: number }) => (
  <div className="skeleton-rows" role="status">
    <span className="visually-hidden">{label}</span>
    {Array.from({ length: rows }, (_, index) => WIDTHS[index % WIDTHS.length]).map((width, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: the lines have no identity and never change order
      <span key={index} className="skeleton" style={{ width }} />
    ))}
  </div>
);
