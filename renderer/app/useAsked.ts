/** The answer to a question that is asked again when its words change (after a pause) or `again` does. */
import { useEffect, useState } from 'react';
import type { CallInput, CallName, Output } from '../../shared/contract/contract.ts';
import { useDeps } from '../transport/client.tsx';
import { type Loadable, loaded, loading, refreshing } from './loadable.ts';

const PAUSE_MS = 200;

/** Changes that an answer may rest on. */
const BEARING = ['scan', 'hosts', 'advisories', 'rules', 'snapshots', 'reset'];

/** `undefined`: nothing is asked. */
export const useAsked = <N extends CallName>(
  name: N,
  input: CallInput<N> | undefined,
): Loadable<Output<N>> => {
  const { client, changes } = useDeps();
  const [answer, setAnswer] = useState<Loadable<Output<N>>>(loading);
  const [again, setAgain] = useState(0);
  const key = JSON.stringify(input ?? null);
  useEffect(
    () =>
      changes.on((change) => {
        if (BEARING.includes(change.type)) setAgain((count) => count + 1);
      }),
    [changes],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the input, which is a new object each time
  useEffect(() => {
    if (input === undefined) return;
    const stop = new AbortController();
    setAnswer(refreshing);
    const timer = setTimeout(async () => {
      const result = await client.call(name, input, stop.signal);
      if (!stop.signal.aborted) setAnswer((before) => loaded(result, before));
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [client, name, key, again]);
  return answer;
};
