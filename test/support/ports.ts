/** Fakes of the small ports for unit tests: time that a test moves, chance that repeats, and collectors. */
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBundleFiles } from '../../main/adapters/bundles/files.ts';
import { ageCipher } from '../../main/adapters/exchange/age.ts';
import { createSigningKeys } from '../../main/adapters/exchange/sshSign.ts';
import { sshVerifier } from '../../main/adapters/exchange/sshVerify.ts';
import type {
  Activities,
  ChangeNote,
  Changes,
  Clock,
  Hasher,
  Log,
  Ports,
  Random,
  Transport,
  Vault,
} from '../../main/core/ports.ts';
import { createMemoryArtefacts, noArchive } from './memoryArtefacts.ts';
import { createMemoryStore } from './memoryStore.ts';

export const TEST_START = Date.UTC(2026, 10, 23, 14, 0, 0);

export type FakeClock = Clock & {
  /** Moves time on; waits that end on the way resolve in their order. */
  advance(ms: number): Promise<void>;
  set(ms: number): void;
  /** How many waits are not over. */
  waiting(): number;
};

/** Lets everything that is ready to go on do so: promise chains included. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const fakeClock = (start: number = TEST_START): FakeClock => {
  let now = start;
  const waits = new Set<{ at: number; end: (whole: boolean) => void }>();
  return {
    now: () => now,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve(false);
        // Only a turn for others: no time has to pass for it.
        if (ms <= 0) return void settle().then(() => resolve(signal?.aborted !== true));
        const wait = {
          at: now + ms,
          end: (whole: boolean) => {
            waits.delete(wait);
            signal?.removeEventListener('abort', stop);
            resolve(whole);
          },
        };
        const stop = () => wait.end(false);
        signal?.addEventListener('abort', stop);
        waits.add(wait);
      }),
    advance: async (ms) => {
      const until = now + ms;
      for (;;) {
        await settle();
        const next = [...waits].filter((wait) => wait.at <= until).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        now = Math.max(now, next.at);
        next.end(true);
      }
      now = until;
      await settle();
    },
    set: (ms) => {
      now = ms;
    },
    waiting: () => waits.size,
  };
};

/** The same ids and digits for the same seed. */
export const seededRandom = (seed = 1): Random => {
  let counter = 0;
  const digits = (length: number): string => {
    let text = '';
    while (text.length < length) {
      counter += 1;
      text += createHash('sha256').update(`${seed}/${counter}`).digest('hex');
    }
    return text.slice(0, length);
  };
  return {
    id: () => {
      const hex = digits(32);
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
    hex: (bytes) => digits(bytes * 2),
  };
};

export const nodeHasher: Hasher = {
  sha256: (text) => createHash('sha256').update(text, 'utf8').digest('hex'),
};

export type LogLine = {
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
  fields?: Record<string, unknown>;
};
export const collectingLog = (): Log & { lines: LogLine[] } => {
  const lines: LogLine[] = [];
  return {
    lines,
    write: (level, message, fields) => {
      lines.push({ level, message, ...(fields === undefined ? {} : { fields }) });
    },
  };
};

export const collectingChanges = (): Changes & { notes: ChangeNote[] } => {
  const notes: ChangeNote[] = [];
  return { notes, announce: (note) => void notes.push(note) };
};

export type FakeActivity = {
  kind: 'scan' | 'plan' | 'bundle' | 'import';
  label: string;
  total: number;
  started: string[];
  finished: { host: string; failed: boolean }[];
  ended: boolean;
  moved: number;
  /** What it said it had reached, in order. */
  reached: { done: number; total: number; label: string }[];
  cancel(): void;
};
export const fakeActivities = (): Activities & { all: FakeActivity[] } => {
  const all: FakeActivity[] = [];
  return {
    all,
    begin: (kind, label, total) => {
      const controller = new AbortController();
      const activity: FakeActivity = {
        kind,
        label,
        total,
        started: [],
        finished: [],
        ended: false,
        moved: 0,
        reached: [],
        cancel: () => controller.abort(),
      };
      all.push(activity);
      return {
        signal: controller.signal,
        started: (host) => void activity.started.push(host),
        finished: (host, failed) => void activity.finished.push({ host, failed }),
        more: (steps) => {
          activity.total += steps;
        },
        reached: (done, of, what = label) => void activity.reached.push({ done, total: of, label: what }),
        moved: (bytes) => {
          activity.moved += bytes;
        },
        end: () => {
          activity.ended = true;
        },
      };
    },
  };
};

/** Every port faked but the two a test has to choose. */
export const fakePorts = (chosen: { vault: Vault; transport: Transport } & Partial<Ports>): Ports => ({
  clock: fakeClock(),
  random: seededRandom(),
  hasher: nodeHasher,
  log: collectingLog(),
  store: createMemoryStore(),
  artefacts: createMemoryArtefacts(),
  archive: noArchive,
  bundles: createBundleFiles(join(tmpdir(), 'frostline-no-bundles')),
  downloads: { fetch: async () => Promise.reject(new Error('nothing is downloaded here')) },
  changes: collectingChanges(),
  activities: fakeActivities(),
  probe: { run: async () => ({ result: 'clear', detail: '' }) },
  // Pure computation, but for key files: nothing to fake.
  verifier: sshVerifier,
  signingKeys: createSigningKeys({ agentSocket: undefined }),
  cipher: ageCipher,
  user: 'anna',
  ...chosen,
});
