/** Stores on disk that go when the test ends. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openStore } from '../../../main/adapters/sqlite/open.ts';
import type { Store } from '../../../main/core/ports.ts';
import { collectingLog } from '../../support/ports.ts';

/** In memory where the system offers it: every commit is synced, and a loaded disk makes that slow. */
const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A folder that goes when the test ends. */
export const temporaryFolder = (): string => {
  const dir = mkdtempSync(join(base, 'frostline-store-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

export const opened = (file: string): Store => {
  const store = openStore({ file, log: collectingLog() });
  if (!store.ok) throw new Error(store.error.message);
  return store.value;
};
