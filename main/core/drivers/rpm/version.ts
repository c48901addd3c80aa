/** RPM's order of versions: epoch, version, release, each by rpmvercmp (rpm, lib/rpmvercmp.c). Pure. */

const isDigit = (char: string | undefined): boolean => char !== undefined && char >= '0' && char <= '9';
const isAlnum = (char: string | undefined): boolean => char !== undefined && /^[0-9A-Za-z]$/.test(char);

/** `~` sorts before everything, even the end; `^` after the end, but before anything longer. */
export function rpmvercmp(a: string, b: string): number {
  if (a === b) return 0;
  let i = 0;
  let j = 0;
  const skip = (text: string, at: number): number => {
    let next = at;
    while (next < text.length && !isAlnum(text[next]) && text[next] !== '~' && text[next] !== '^') next++;
    return next;
  };
  while (i < a.length || j < b.length) {
    i = skip(a, i);
    j = skip(b, j);
    if (a[i] === '~' || b[j] === '~') {
      if (a[i] !== '~') return 1;
      if (b[j] !== '~') return -1;
      i++;
      j++;
      continue;
    }
    if (a[i] === '^' || b[j] === '^') {
      if (i >= a.length) return -1;
      if (j >= b.length) return 1;
      if (a[i] !== '^') return 1;
      if (b[j] !== '^') return -1;
      i++;
      j++;
      continue;
    }
    if (i >= a.length || j >= b.length) break;
    const digits = isDigit(a[i]);
    const segment = (text: string, from: number): string => {
      let to = from;
      while (to < text.length && isAlnum(text[to]) && isDigit(text[to]) === digits) to++;
      return text.slice(from, to);
    };
    const first = segment(a, i);
    const second = segment(b, j);
    // Segments of different kinds: the number is the newer one.
    if (second === '') return digits ? 1 : -1;
    i += first.length;
    j += second.length;
    const x = digits ? first.replace(/^0+/, '') : first;
    const y = digits ? second.replace(/^0+/, '') : second;
    if (digits && x.length !== y.length) return x.length > y.length ? 1 : -1;
    if (x !== y) return x > y ? 1 : -1;
  }
  if (i >= a.length && j >= b.length) return 0;
  return i < a.length ? 1 : -1;
}

function splitEvr(text: string): { epoch: string; version: string; release: string } {
  const colon = text.indexOf(':');
  const rest = text.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: colon < 0 ? '0' : text.slice(0, colon),
    version: dash < 0 ? rest : rest.slice(0, dash),
    release: dash < 0 ? '' : rest.slice(dash + 1),
  };
}

/** Negative, zero or positive. No epoch is epoch 0; no release sorts before any. */
export function compareRpmVersions(a: string, b: string): number {
  const x = splitEvr(a);
  const y = splitEvr(b);
  return rpmvercmp(x.epoch, y.epoch) || rpmvercmp(x.version, y.version) || rpmvercmp(x.release, y.release);
}

/** What can be a package's version and release in a repository: `[epoch:]version-release`, no dash in either, no epoch 0. */
export const isRpmVersion = (text: string): boolean =>
  /^([1-9]\d{0,8}:)?[A-Za-z0-9][A-Za-z0-9.+~^_]*-[A-Za-z0-9.+~^_]+$/.test(text);
