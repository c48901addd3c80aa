/** What the rules being written are worth: checked at every pause, and previewed on the hosts where they are sound. */
import { useEffect, useState } from 'react';
import type { Preview } from '../../../shared/contract/rules.ts';
import type { FrostError } from '../../../shared/errors.ts';
import type { RuleIssue } from '../../../shared/model/rule.ts';
import { useClient } from '../../transport/client.tsx';

export type Judged = {
  /** The text these are of is not the newest any more. */
  stale: boolean;
  issues: readonly RuleIssue[];
  /** Sound: what they are named. */
  name?: string;
  preview?: Preview;
  error?: FrostError;
};

const PAUSE_MS = 350;

export const useJudged = (text: string, selector: string, again: number): Judged => {
  const client = useClient();
  const [judged, setJudged] = useState<Judged>({ stale: true, issues: [] });
  // biome-ignore lint/correctness/useExhaustiveDependencies: `again` asks for the same once more, when hosts or data changed
  useEffect(() => {
    const stop = new AbortController();
    setJudged((before) => ({ ...before, stale: true }));
    const timer = setTimeout(async () => {
      const checked = await client.call('rules.check', { text }, stop.signal);
      if (stop.signal.aborted) return;
      if (!checked.ok) return setJudged({ stale: false, issues: [], error: checked.error });
      const { issues, ruleSet } = checked.value;
      if (ruleSet === undefined) return setJudged({ stale: false, issues });
      const selectors = selector.trim() === '' ? [] : [selector.trim()];
      const preview = await client.call('rules.preview', { rules: { text }, selectors }, stop.signal);
      if (stop.signal.aborted) return;
      setJudged({
        stale: false,
        issues: [],
        name: ruleSet.name,
        ...(preview.ok ? { preview: preview.value } : { error: preview.error }),
      });
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [client, text, selector, again]);
  return judged;
};
