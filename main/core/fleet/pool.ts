/** Bounded concurrency over a list. */

/**
 * Works through `items` in their order, at most `limit` at once. After the signal aborts no further item is started; those
 * in work are waited for. `work` deals with its own failures: if it throws, nothing new starts, and once the rest is over
 * the first error is thrown.
 */
export const eachLimited = async <T>(
  items: T[],
  limit: number,
  signal: AbortSignal | undefined,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const queue = items.values();
  let failure: { cause: unknown } | undefined;
  const worker = async (): Promise<void> => {
    while (failure === undefined && signal?.aborted !== true) {
      const next = queue.next();
      if (next.done === true) return;
      try {
        await work(next.value);
      } catch (cause) {
        failure ??= { cause };
      }
    }
  };
  const workers = Math.max(1, Math.min(Math.floor(limit), items.length));
  await Promise.all(Array.from({ length: workers }, worker));
  if (failure !== undefined) throw failure.cause;
};
