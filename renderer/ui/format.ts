/** How numbers and times read in the window. Pure; every function says its unit. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Bytes → `0 B`, `812 KiB`, `1.4 GiB`; negative numbers keep their sign. */
export const formatBytes = (bytes: number): string => {
  const sign = bytes < 0 ? '−' : '';
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${sign}${value.toFixed(digits).replace(/\.0$/, '')} ${UNITS[unit]}`;
};

/** Seconds → `4 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`: two units at most. */
export const formatDuration = (seconds: number): string => {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  const parts: [number, string][] = [
    [Math.floor(s / 86_400), 'd'],
    [Math.floor((s % 86_400) / 3600), 'h'],
    [Math.floor((s % 3600) / 60), 'min'],
    [s % 60, 's'],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  return parts
    .slice(first, first + 2)
    .filter(([n]) => n > 0)
    .map(([n, unit]) => `${n} ${unit}`)
    .join(' ');
};

/** Two instants (ISO) → duration between them; an open end is `now` (ms since epoch). */
export const formatElapsed = (from: string, to: string | undefined, now: number): string =>
  formatDuration(((to === undefined ? now : Date.parse(to)) - Date.parse(from)) / 1000);

/** An instant → `just now`, `4 min ago`, `3 h ago`, `5 d ago`, `in 2 h`; beyond 60 days the date. */
export const formatRelative = (instant: string, now: number): string => {
  const seconds = Math.round((now - Date.parse(instant)) / 1000);
  const span = Math.abs(seconds);
  if (span < 45) return seconds >= 0 ? 'just now' : 'in a moment';
  const text =
    span < 3600
      ? `${Math.max(1, Math.round(span / 60))} min`
      : span < 86_400
        ? `${Math.round(span / 3600)} h`
        : span < 60 * 86_400
          ? `${Math.round(span / 86_400)} d`
          : null;
  if (text === null) return formatDate(instant);
  return seconds >= 0 ? `${text} ago` : `in ${text}`;
};

/** An instant → `2026-11-23` in the viewer's zone. */
export const formatDate = (instant: string): string => {
  const at = new Date(instant);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
};

/** An instant → `2026-11-23 14:05:09` in the viewer's zone. */
export const formatDateTime = (instant: string): string => {
  const at = new Date(instant);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${formatDate(instant)} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
};

/** `1 host`, `3 hosts`, `1,204 packages`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

// Made once: toLocaleString makes one for every cell of a table.
const counts = new Intl.NumberFormat('en-US');

/** `1204` → `1,204`. */
export const formatCount = (count: number): string => counts.format(count);

/** `a`, `a and b`, `a, b and c`; more than `limit` become `a, b and 4 more`. */
export const formatList = (items: readonly string[], limit = 6): string => {
  if (items.length <= 1) return items[0] ?? '';
  const over = items.length - limit;
  const shown = over > 0 ? [...items.slice(0, limit), `${over} more`] : [...items];
  return `${shown.slice(0, -1).join(', ')} and ${shown[shown.length - 1] ?? ''}`;
};
