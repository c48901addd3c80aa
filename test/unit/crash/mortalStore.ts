/**
 * The real store, in a process that dies with it: SIGKILL comes at a transition of a run, the first time each kind of
 * transition comes about. `after`: once it is committed, before anything it asks for is done. `inside`: when all of it is
 * written and the transaction is not committed yet, so that what led to it is done and nobody will know.
 *
 * `bundle.ts` puts it in the store's place for main/host.ts, which knows nothing of it.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { openStore as openRealStore } from '../../../main/adapters/sqlite/open.ts';
import type { RunCommit, Store } from '../../../main/core/ports.ts';
import type { Result } from '../../../shared/errors.ts';

const death = process.env.FROSTLINE_TEST_DEATH ?? 'none';
/** The transitions that have been a death so far, over all processes, one line each. */
const file = process.env.FROSTLINE_TEST_DEATHS ?? '';
/** Only this one is to be. */
const only = process.env.FROSTLINE_TEST_DEATH_AT;

/** What a commit brings about and asks for, in words that are the same in every process. */
const transitionsOf = ({ events, addEffects, run }: RunCommit): string[] => {
  const hostOf = (id: string | undefined): string => run.tasks.find((task) => task.hostId === id)?.host ?? '';
  return [
    ...events.map((event) => {
      const host = 'host' in event ? event.host : 'run';
      return event.type === 'task.state' ? `${host}: ${event.from} → ${event.to}` : `${host}: ${event.type}`;
    }),
    ...addEffects.map(({ hostId, kind }) => `${hostOf(hostId)}: is to ${kind}`),
  ];
};

/** Whether a transition of this commit has not been anybody's death yet. From then on it has. */
const isFatal = (commit: RunCommit): boolean => {
  if (death === 'none') return false;
  const past = new Set(readFileSync(file, 'utf8').split('\n'));
  const fresh = [...new Set(transitionsOf(commit))].filter(
    (one) => !past.has(one) && (only === undefined || one === only),
  );
  if (fresh.length > 0) appendFileSync(file, `${fresh.join('\n')}\n`);
  return fresh.length > 0;
};

const die = (): void => void process.kill(process.pid, 'SIGKILL');

let dying = false;
const real = Database.prototype.transaction;
Database.prototype.transaction = function transaction(work) {
  const mortal: typeof work = ((...values: Parameters<typeof work>) => {
    const done = work(...values);
    if (dying) die();
    return done;
  }) as typeof work;
  return real.call(this, mortal) as ReturnType<typeof real<typeof work>>;
};

const mortal =
  (commit: (commit: RunCommit) => void) =>
  (what: RunCommit): void => {
    const fatal = isFatal(what);
    dying = fatal && death === 'inside';
    commit(what);
    if (fatal) die();
  };

export const openStore = (options: Parameters<typeof openRealStore>[0]): Result<Store> => {
  const opened = openRealStore(options);
  if (!opened.ok) return opened;
  const store = opened.value;
  return {
    ok: true,
    value: { ...store, createRun: mortal(store.createRun), commitRun: mortal(store.commitRun) },
  };
};
