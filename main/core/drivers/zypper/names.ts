/** Regular expressions over package names (POSIX extended, as libzypp takes them; JavaScript reads them alike). Pure. */

type Node = { ends: boolean; next: Map<string, Node> };

const treeOf = (names: readonly string[]): Node => {
  const root: Node = { ends: false, next: new Map() };
  for (const name of names) {
    let node = root;
    for (const char of name) {
      let next = node.next.get(char);
      if (next === undefined) {
        next = { ends: false, next: new Map() };
        node.next.set(char, next);
      }
      node = next;
    }
    node.ends = true;
  }
  return root;
};

/** Of what a package name may hold, only `.` and `+` mean anything else. */
const literal = (char: string): string => (char === '.' || char === '+' ? `[${char}]` : char);

/** Exactly this name, where it stands between anchors. */
export const nameExactly = (name: string): string => [...name].map(literal).join('');

/** A dash that is not last would be a range. */
const otherThan = (chars: readonly string[]): string =>
  `[^${chars.filter((char) => char !== '-').join('')}${chars.includes('-') ? '-' : ''}]`;

const rest = (node: Node): string => {
  const chars = [...node.next.keys()].sort();
  if (chars.length === 0) return '.';
  const ways = chars.flatMap((char) => {
    const next = node.next.get(char);
    return next === undefined ? [] : [literal(char) + rest(next)];
  });
  return `(${[otherThan(chars), ...(node.ends ? [] : ['$']), ...ways].join('|')})`;
};

/**
 * Matches, from the beginning of a name on, every name but these: a regular expression cannot say "not", so it follows the
 * tree of the names and matches wherever another one leaves it: by another character, or by ending early or late. Its length
 * grows with that of the tree. Without names: all.
 */
export const namesBut = (names: readonly string[]): string => rest(treeOf(names));
