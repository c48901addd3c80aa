/**
 * Patterns with `*` (any characters, also none) and `?` (exactly one). Written by hand because a pattern turned into a
 * regular expression can be made to run for ever; this one takes at most text × pattern steps. Case does not count.
 */
export const matchesGlob = (pattern: string, text: string): boolean => {
  const wanted = pattern.toLowerCase();
  const given = text.toLowerCase();
  let at = 0;
  let next = 0;
  // Where to go on from when the part after the last star did not fit: only the last star can need widening.
  let star = -1;
  let starAt = 0;
  while (at < given.length) {
    const symbol = wanted[next];
    if (symbol === '*') {
      star = next;
      starAt = at;
      next += 1;
    } else if (symbol === '?' || symbol === given[at]) {
      at += 1;
      next += 1;
    } else if (star >= 0) {
      starAt += 1;
      at = starAt;
      next = star + 1;
    } else return false;
  }
  while (wanted[next] === '*') next += 1;
  return next === wanted.length;
};
