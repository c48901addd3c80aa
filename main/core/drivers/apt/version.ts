/** Debian's order of versions, as dpkg has it (lib/dpkg/version.c, Debian Policy 5.6.12). Pure. */

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** `~` sorts before the end of the string, letters before everything else. */
function weight(code: number): number {
  if (Number.isNaN(code) || isDigit(code)) return 0;
  if (code === 126) return -1;
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122) ? code : code + 256;
}

function comparePart(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a.charCodeAt(i))) || (j < b.length && !isDigit(b.charCodeAt(j)))) {
      const difference = weight(a.charCodeAt(i)) - weight(b.charCodeAt(j));
      if (difference !== 0) return difference;
      i++;
      j++;
    }
    while (a[i] === '0') i++;
    while (b[j] === '0') j++;
    let first = 0;
    while (isDigit(a.charCodeAt(i)) && isDigit(b.charCodeAt(j))) {
      if (first === 0) first = a.charCodeAt(i) - b.charCodeAt(j);
      i++;
      j++;
    }
    if (isDigit(a.charCodeAt(i))) return 1;
    if (isDigit(b.charCodeAt(j))) return -1;
    if (first !== 0) return first;
  }
  return 0;
}

function split(version: string): { epoch: string; upstream: string; revision: string } {
  const colon = version.indexOf(':');
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: colon < 0 ? '' : version.slice(0, colon),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  };
}

/** As `dpkg --validate-version` judges what can be a version in a repository: a colon only after a numeric epoch, no empty revision. */
export const isDebianVersion = (text: string): boolean =>
  /^(\d{1,9}:[A-Za-z0-9][A-Za-z0-9.+~:-]*|[A-Za-z0-9][A-Za-z0-9.+~-]*)$/.test(text) && !text.endsWith('-');

/** Negative, zero or positive. No epoch is epoch 0, no revision is revision 0. */
export function compareDebianVersions(a: string, b: string): number {
  const x = split(a);
  const y = split(b);
  return (
    comparePart(x.epoch, y.epoch) ||
    comparePart(x.upstream, y.upstream) ||
    comparePart(x.revision, y.revision)
  );
}
