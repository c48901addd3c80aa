/** Text for a terminal. Everything that came from a host or a file passes `safe`: no escape sequence of theirs ever reaches the screen. */

export const safe = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}]/gu, (char) => (char === '\t' ? ' ' : '�'));

export type Paint = Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', (text: string) => string>;

const code = (open: number, close: number, on: boolean) => (text: string) =>
  on ? `\u001b[${open}m${text}\u001b[${close}m` : text;

export const paint = (on: boolean): Paint => ({
  bold: code(1, 22, on),
  dim: code(2, 22, on),
  red: code(31, 39, on),
  green: code(32, 39, on),
  yellow: code(33, 39, on),
  cyan: code(36, 39, on),
});

/** Columns padded to the widest cell; the last column is left as long as it is. */
export const table = (headings: string[], rows: string[][], p: Paint): string => {
  const cells = rows.map((row) => row.map(safe));
  const widths = headings.map((heading, i) =>
    Math.max(heading.length, ...cells.map((row) => (row[i] ?? '').length)),
  );
  const line = (row: string[]) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [p.bold(line(headings)), ...cells.map(line)].join('\n');
};

export const bar = (done: number, total: number, width = 28): string => {
  const filled = total === 0 ? width : Math.round((Math.min(done, total) / total) * width);
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
};

export const bytes = (n: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = Math.abs(n);
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${n < 0 ? '-' : ''}${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
};

export const elapsed = (ms: number): string => {
  const s = Math.max(0, Math.round(ms / 1000));
  return s < 60
    ? `${s} s`
    : s < 3600
      ? `${Math.floor(s / 60)} min ${s % 60} s`
      : `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
};

/** A set length of time, in as few words as it needs: `2 h`, `90 s` as `1 min 30 s`, `1 d`. */
export const span = (seconds: number): string => {
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const told = parts.filter(([n]) => n > 0).map(([n, unit]) => `${n} ${unit}`);
  return told.length === 0 ? '0 s' : told.join(' ');
};

export const count = (n: number, one: string): string =>
  `${n} ${n === 1 ? one : one.endsWith('y') ? `${one.slice(0, -1)}ies` : `${one}s`}`;

/** `1st`, `2nd`, `3rd`, `4th`, `11th` … */
export const ordinal = (n: number): string => {
  const tens = n % 100;
  const ending = tens > 10 && tens < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th');
  return `${n}${ending}`;
};

/** The first of many names, and how many more there are. */
export const names = (all: readonly string[], most = 10): string =>
  all.length <= most ? all.join(', ') : `${all.slice(0, most).join(', ')} and ${all.length - most} more`;

/** A command as it stands in one line. */
export const oneLine = (command: string): string => safe(command.replace(/\s*\n\s*/g, ' ⏎ ')).slice(0, 300);

/** Rewrites its lines (plain text, no colours) in place on a terminal; prints nothing elsewhere. */
export class LiveLines {
  readonly #stream: NodeJS.WriteStream;
  #shown = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  get live(): boolean {
    return this.#stream.isTTY === true;
  }

  show(lines: string[]): void {
    if (!this.live) return;
    // A terminal that does not tell its size gives 0. A line that wraps would be cleared by half.
    const columns = this.#stream.columns || 80;
    const fitting = lines
      .slice(0, Math.max(1, (this.#stream.rows || 24) - 1))
      .map((line) => [...line].slice(0, columns - 1).join(''));
    this.clear();
    this.#stream.write(`${fitting.join('\n')}\n`);
    this.#shown = fitting.length;
  }

  clear(): void {
    if (!this.live || this.#shown === 0) return;
    this.#stream.write(`\u001b[${this.#shown}A\u001b[0J`);
    this.#shown = 0;
  }
}
