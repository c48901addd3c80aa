/** Progress as a bar over the gauge. Always named; the text of now belongs beside it. */
import type { Tone } from './Badge.tsx';

export const ProgressBar = ({
  label,
  percent,
  tone = 'busy',
  valueText,
}: {
  label: string;
  /** 0…100; undefined: going on, but nobody knows how far. */
  percent: number | undefined;
  tone?: Tone;
  valueText?: string;
}) => {
  const value = percent === undefined ? undefined : Math.min(100, Math.max(0, percent));
  return (
    <div
      className="progress"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={value === undefined ? undefined : Math.round(value)}
      aria-valuetext={valueText}
      data-tone={tone}
      data-unknown={value === undefined ? '' : undefined}
    >
      <span style={value === undefined ? undefined : { width: `${value}%` }} />
    </div>
  );
};
