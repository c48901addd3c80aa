/** What a check says of the list while it is edited: asked a moment after each change and each scan, the question before withdrawn. */
import { useEffect, useRef, useState } from 'react';
import type { FrostError } from '../../../shared/errors.ts';
import { isDirty, unsaved } from './drafts.ts';
import type { Finding } from './findings.ts';
import { useSnapshots } from './store.ts';

const DELAY_MS = 200;

export type Check = {
  findings: readonly Finding[];
  /** Of the list as it was a moment ago: the answer for it as it is now is on its way. */
  stale: boolean;
  error: FrostError | undefined;
};

/** `stored`: the findings on the revision the edits are made on. */
export const useFindings = (name: string, stored: readonly Finding[]): Check => {
  const { draft, check, read, scans } = useSnapshots((s) => ({
    draft: s.drafts[name],
    check: s.check,
    read: s.read,
    scans: s.scans,
  }));
  /** The scans that the stored findings were read with. */
  const readWith = useRef(scans);
  const [answer, setAnswer] = useState<{ for: unknown; findings: readonly Finding[]; error?: FrostError }>();
  const entries = draft?.editor.entries;
  const dirty = isDirty(draft);
  useEffect(() => {
    if (dirty || readWith.current === scans) return;
    readWith.current = scans;
    void read(name);
  }, [dirty, scans, read, name]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a scan changes what the same list is told
  useEffect(() => {
    if (draft === undefined || !dirty) return;
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      const result = await check(draft.editor.base.id, unsaved(draft), stop.signal);
      if (stop.signal.aborted) return;
      setAnswer((before) =>
        result.ok
          ? { for: draft.editor.entries, findings: result.value }
          : { for: draft.editor.entries, findings: before?.findings ?? [], error: result.error },
      );
    }, DELAY_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [draft, dirty, check, scans]);
  if (!dirty) return { findings: stored, stale: false, error: undefined };
  return {
    findings: answer?.findings ?? stored,
    stale: answer?.for !== entries,
    error: answer?.for === entries ? answer?.error : undefined,
  };
};
