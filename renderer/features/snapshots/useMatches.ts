/** Which hosts a selector matches, while it is typed. */
import { useEffect, useState } from 'react';
import type { HostOverview } from '../../../shared/contract/fleet.ts';
import type { FrostError } from '../../../shared/errors.ts';
import { useSnapshots } from './store.ts';

export type Matches =
  | { status: 'none' }
  | { status: 'asking' }
  | { status: 'matched'; hosts: readonly HostOverview[] }
  | { status: 'error'; error: FrostError };

const DELAY_MS = 250;

export const useMatches = (selector: string): Matches => {
  const match = useSnapshots((s) => s.match);
  const [matches, setMatches] = useState<Matches>({ status: 'none' });
  useEffect(() => {
    const text = selector.trim();
    if (text === '') return setMatches({ status: 'none' });
    const stop = new AbortController();
    setMatches({ status: 'asking' });
    const timer = setTimeout(async () => {
      const result = await match([text], stop.signal);
      if (stop.signal.aborted) return;
      setMatches(
        result.ok
          ? { status: 'matched', hosts: result.value.hosts }
          : { status: 'error', error: result.error },
      );
    }, DELAY_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [selector, match]);
  return matches;
};

/** Some names, and no more than the room kept below the field has. */
const firstOf = (names: readonly string[]): readonly string[] => {
  let length = 0;
  return names.slice(0, 5).filter((name, index) => {
    length += name.length + 2;
    return index === 0 || length <= 34;
  });
};

/** The hint below a selector's field. */
export const matchText = (matches: Matches, what = 'hosts match'): string | undefined => {
  switch (matches.status) {
    case 'error':
      return undefined;
    case 'none':
      return 'For example all, web-*, env=production, tag=web and not tag=canary';
    case 'asking':
      return 'Counting the hosts…';
    case 'matched': {
      const names = matches.hosts.map((each) => each.host.name);
      if (names.length === 0) return 'No host matches.';
      const shown = firstOf(names);
      return `${names.length} ${names.length === 1 ? what.replace('hosts match', 'host matches') : what}: ${shown.join(', ')}${names.length > shown.length ? ' …' : ''}`;
    }
  }
};

/** Names of matched hosts that never had a good scan: nothing is known of their updates. */
export const unscannedOf = (matches: Matches): string[] =>
  matches.status === 'matched'
    ? matches.hosts
        .filter(
          (each) =>
            each.lastGood === undefined && (each.latest === undefined || each.latest.state === 'failed'),
        )
        .map((each) => each.host.name)
    : [];

/** The same selector without some hosts. */
export const without = (selector: string, names: readonly string[]): string =>
  `${/\b(or|and|not)\b|\(/.test(selector) ? `(${selector.trim()})` : selector.trim()} and not ${
    names.length === 1 ? names[0] : `(${names.join(' or ')})`
  }`;
