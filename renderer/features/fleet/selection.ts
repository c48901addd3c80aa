/** Turns what was typed or ticked into selectors (cli.md). Pure. */
import type { HostOverview } from '../../../shared/contract/fleet.ts';

const BARE_WORD = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const RESERVED = new Set(['all', 'and', 'or', 'not']);
const MAX_SELECTOR = 1900;

/**
 * What the filter box means: nothing → no selector; a bare word → names that contain it (`*word*`); anything else is a
 * selector as it stands, judged by the host process.
 */
export const filterSelectors = (text: string): string[] => {
  const trimmed = text.trim();
  if (trimmed === '') return [];
  return BARE_WORD.test(trimmed) && !RESERVED.has(trimmed) ? [`*${trimmed}*`] : [trimmed];
};

/** Selectors for hosts by name, or-ed into as few texts as the length limit allows. */
export const selectorsOf = (names: readonly string[]): string[] => {
  const texts: string[] = [];
  let current = '';
  for (const name of names) {
    const next = current === '' ? name : `${current} or ${name}`;
    if (next.length > MAX_SELECTOR) {
      texts.push(current);
      current = name;
    } else current = next;
  }
  return current === '' ? texts : [...texts, current];
};

/** The overviews whose host is selected, in the list's order. */
export const chosenOf = (overviews: readonly HostOverview[], selected: ReadonlySet<string>): HostOverview[] =>
  overviews.filter((overview) => selected.has(overview.host.id));
