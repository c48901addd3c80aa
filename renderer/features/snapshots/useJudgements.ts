/** What is known today of the entries being edited: asked a moment after the versions in the list, the scans or the data change. */
import { useEffect, useMemo, useState } from 'react';
import type { EntryVerdict } from '../../../shared/contract/snapshots.ts';
import type { FrostError } from '../../../shared/errors.ts';
import { unsaved } from './drafts.ts';
import { useSnapshots } from './store.ts';
import { type Judgements, judgementsOf, versionsOf } from './verdicts.ts';

const DELAY_MS = 200;
const NOTHING: readonly EntryVerdict[] = [];

export const useJudgements = (name: string): { judgements: Judgements; error: FrostError | undefined } => {
  const { draft, verdicts, scans } = useSnapshots((s) => ({
    draft: s.drafts[name],
    verdicts: s.verdicts,
    scans: s.scans,
  }));
  const [answer, setAnswer] = useState<{ verdicts: readonly EntryVerdict[]; error?: FrostError }>();
  const entries = draft?.editor.entries;
  const base = draft?.editor.base;
  const versions = useMemo(() => versionsOf(entries ?? []), [entries]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: of the edits only those that change versions matter
  useEffect(() => {
    if (draft === undefined || base === undefined) return;
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      const result = await verdicts(base.id, unsaved(draft), stop.signal);
      if (stop.signal.aborted) return;
      setAnswer((before) =>
        result.ok
          ? { verdicts: result.value }
          : { verdicts: before?.verdicts ?? NOTHING, error: result.error },
      );
    }, DELAY_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [base?.id, versions, verdicts, scans]);
  const known = answer?.verdicts ?? NOTHING;
  const judgements = useMemo(
    () => (base === undefined ? new Map() : judgementsOf(entries ?? [], known, base)),
    [entries, known, base],
  );
  return { judgements, error: answer?.error };
};
