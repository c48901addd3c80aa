/** Findings rest on scans: the snapshots' store tells when they have to be asked for anew. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { useSnapshots } from '../../../../renderer/features/snapshots/store.ts';
import type { Change } from '../../../../shared/contract/system.ts';
import { fail } from '../../../../shared/errors.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a scan is noticed at once, a burst of them now and then, and the last one always', async () => {
  let tell: (change: Change) => void = () => undefined;
  const deps = {
    client: { call: async () => fail('not-available', 'nobody there') },
    changes: { on: (listener: typeof tell) => (tell = listener) },
  };
  const store = useSnapshots.of(deps as unknown as Parameters<typeof useSnapshots.of>[0]);
  const scan = () => tell({ seq: 1, type: 'scan', hostId: '00000000-0000-4000-8000-000000000001' });
  const scans = () => store.getState().scans;
  scan();
  await vi.advanceTimersByTimeAsync(0);
  expect(scans()).toBe(1);
  for (let n = 0; n < 500; n += 1) scan();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(scans()).toBe(2);
  tell({ seq: 2, type: 'vault' });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(scans()).toBe(2);
  tell({ seq: 3, type: 'hosts' });
  await vi.advanceTimersByTimeAsync(0);
  expect(scans()).toBe(3);
});
