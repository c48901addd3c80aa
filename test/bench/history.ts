/**
 * A long history: how long verifying, importing, exporting and listing it takes, and for how long at a time others have to wait
 * meanwhile. Usage: `node test/bench/history.ts [REVISIONS] [ENTRIES] [FILE]`, default 10,000 (the most a file may have) and 12; the
 * exchange file is left in FILE.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { systemClock, systemHasher } from '../../main/adapters/platform.ts';
import { openStore } from '../../main/adapters/sqlite/open.ts';
import type { Transport, Vault } from '../../main/core/ports.ts';
import { revisionId } from '../../main/core/snapshots/canonical.ts';
import { writeExchange } from '../../main/core/snapshots/exchange.ts';
import { createSnapshotService } from '../../main/core/snapshots/service.ts';
import { fail, type Result } from '../../shared/errors.ts';
import type { Entry, Revision } from '../../shared/model/snapshot.ts';
import { fakePorts } from '../support/ports.ts';

const [revisions = 10_000, entries = 12] = process.argv.slice(2, 4).map(Number);
const [, , , , kept] = process.argv;
const folder = mkdtempSync(join(tmpdir(), 'frostline-bench-'));
const opened = openStore({ file: join(folder, 'frostline.db'), log: { write: () => {} } });
if (!opened.ok) throw new Error(opened.error.message);
const store = opened.value;

const unreached = async () => fail('internal', 'No host is reached and no secret kept.');
const transport: Transport = { run: unreached, probeKey: unreached, release: () => {} };
const vault: Vault = {
  state: () => 'absent',
  kind: 'passphrase',
  unlock: unreached,
  lock: () => {},
  get: unreached,
  put: unreached,
  remove: unreached,
};
const good = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};

/** Every revision changes one version. */
const chain = (): Revision[] => {
  const list = Array.from(
    { length: entries },
    (_, i): Entry => ({
      ecosystem: 'apt',
      name: `package-${i}`,
      arch: 'amd64',
      version: '1.0-1',
      decision: 'approve',
      stage: 0,
      source: 'scan',
    }),
  );
  const all: Revision[] = [];
  for (let number = 1; number <= revisions; number += 1) {
    const at = number % entries;
    const changed = list[at];
    if (changed !== undefined) list[at] = { ...changed, version: `1.${number}-1` };
    const before = all.at(-1);
    const content: Revision['content'] = {
      format: 'frostline.revision/1',
      line: { id: '00000000-0000-4000-8000-000000000001', name: 'bench' },
      number,
      parents: before === undefined ? [] : [before.id],
      author: { name: 'bench' },
      createdAt: new Date(1_760_000_000_000 + number * 60_000).toISOString(),
      scope: {},
      rules: [],
      entries: [...list],
      exceptions: [],
    };
    all.push({ id: revisionId(content, systemHasher), content });
  }
  return all;
};

const measured = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  let [longest, last] = [0, performance.now()];
  const noticed = (): void => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  const [began, cpu] = [last, process.cpuUsage()];
  const others = setInterval(noticed, 1);
  const made = await work();
  noticed();
  clearInterval(others);
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    `${what}: ${((last - began) / 1000).toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of CPU, longest pause ${longest.toFixed(0)} ms, resident ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB, load ${loadavg()[0]?.toFixed(1)}`,
  );
  return made;
};

try {
  const all = chain();
  const { text, bytes } = good(writeExchange(all, all.at(-1)?.id ?? ''));
  console.log(`${revisions} revisions with ${entries} entries, ${(bytes / 1e6).toFixed(1)} MB`);
  if (kept !== undefined) writeFileSync(kept, text);
  const ports = fakePorts({ transport, vault, store, clock: systemClock });
  const snapshots = createSnapshotService(ports);
  await measured('verify', async () => good(await snapshots.verify({ text })));
  await measured('import', async () => good(await snapshots.import({ text })));
  await measured('import again', async () => good(await snapshots.import({ text })));
  await measured('verify when it is here', async () => good(await snapshots.verify({ text })));
  await measured('export', async () => good(await snapshots.export({ ref: 'bench' })));
  await measured('history', async () => good(await snapshots.history({ ref: 'bench' })));
} finally {
  store.close();
  rmSync(folder, { recursive: true, force: true });
}
