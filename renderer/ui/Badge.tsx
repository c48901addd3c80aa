/** State as colour, icon and word together: never colour alone. */
import {
  Circle,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  type LucideIcon,
  Snowflake,
  TriangleAlert,
} from 'lucide-react';
import type { ReactNode } from 'react';

export type Tone = 'neutral' | 'good' | 'warn' | 'bad' | 'busy' | 'frozen';

const DEFAULT_ICON = {
  neutral: Circle,
  good: CircleCheck,
  warn: TriangleAlert,
  bad: CircleAlert,
  busy: CircleDashed,
  frozen: Snowflake,
} satisfies Record<Tone, LucideIcon>;

export type StateLook = { tone: Tone; label: string; icon?: LucideIcon };

type Props = { tone: Tone; icon?: LucideIcon | undefined; title?: string | undefined; children: ReactNode };

/** A word on a tinted ground. */
export const Badge = ({ tone, icon, title, children }: Props) => {
  const Icon = icon ?? DEFAULT_ICON[tone];
  return (
    <span className="badge" data-tone={tone} title={title}>
      <Icon size={12} strokeWidth={2.4} aria-hidden />
      <span>{children}</span>
    </span>
  );
};

/** A mark and a word on the plain ground: for table cells. */
export const StatusDot = ({ tone, icon, title, children }: Props) => {
  const Icon = icon ?? DEFAULT_ICON[tone];
  return (
    <span className="status" data-tone={tone} title={title}>
      <Icon
        size={14}
        strokeWidth={2.2}
        aria-hidden
        className={tone === 'busy' && icon === undefined ? 'spin' : ''}
      />
      <span>{children}</span>
    </span>
  );
};
