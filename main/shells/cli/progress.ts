/** How far long work of the host process is, on a terminal. */
import type { Client } from '../../../shared/contract/contract.ts';
import { safe } from './terminal.ts';

/** A line on a terminal that says how far an import is, for as long as `work` goes on. */
export const showProgress = async <T>(client: Client, work: Promise<T>): Promise<T> => {
  if (process.stderr.isTTY !== true) return work;
  const over = new AbortController();
  const follow = async () => {
    for await (const change of client.stream('system.changes', {}, over.signal))
      if (change.type === 'activity' && change.activity.kind === 'import' && change.activity.total > 0) {
        const { label, done, total } = change.activity;
        process.stderr.write(`\r\x1b[K${safe(label)}: ${done} of ${total}`);
      }
  };
  // Where it cannot be followed there is no line; what counts is the import itself.
  const following = follow().catch(() => undefined);
  try {
    return await work;
  } finally {
    over.abort();
    await following;
    process.stderr.write('\r\x1b[K');
  }
};
