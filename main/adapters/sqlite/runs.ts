/**
 * Runs: state, events and owed effects, committed together. Events are written once and never touched again; triggers in
 * the database itself see to it. Tasks are rows of their own, so that a progress commit writes one small row.
 */
import { z } from 'zod';
import { FrostFault, frostError } from '../../../shared/errors.ts';
import { Capture, type Run, RunEvent, RunSummary, Task } from '../../../shared/model/run.ts';
import type { PendingEffect, RunCommit, RunStore, StoredRun } from '../../core/ports.ts';
import { type Db, fromJson, fromPacked, JsonRow, PackedRow, pack, parseJson, type Reader } from './db.ts';
import { damaged, validated } from './faults.ts';

const TaskBody = Task.omit({ actions: true, from: true, to: true });
const TaskLists = Task.pick({ actions: true, from: true, to: true });
const Effect = z.object({
  id: z.string(),
  kind: z.string(),
  hostId: z.string().exactOptional(),
  payload: z.unknown(),
});
const EventRow = z.object({ seq: z.int(), body: z.string() });
const RunRow = z.object({
  key: z.int(),
  id: z.string(),
  seq: z.int(),
  acceptedAt: z.string().nullable(),
  summary: z.string(),
  reducer: z.string(),
});
const RUN = 'SELECT key, id, seq, accepted_at AS acceptedAt, summary, reducer FROM runs';

const summaryOf = (db: Reader, row: { summary: string; acceptedAt: string | null }): RunSummary => ({
  ...fromJson(db, RunSummary, row.summary, 'a run'),
  ...(row.acceptedAt === null ? {} : { acceptedAt: row.acceptedAt }),
});

const effectsOf = (db: Reader, key: number): PendingEffect[] =>
  db
    .all(JsonRow, 'SELECT body FROM effects WHERE run = ? ORDER BY key', key)
    .map((row) => fromJson(db, Effect, row.body, 'an effect'));

const taskFrom = (db: Reader, row: { body: string; lists: string }): Task => ({
  ...fromJson(db, TaskBody, row.body, 'a task'),
  ...fromJson(db, TaskLists, row.lists, 'a task’s actions'),
});

const tasksOf = (db: Reader, key: number): Task[] =>
  db
    .all(
      z.object({ body: z.string(), lists: z.string() }),
      `SELECT t.body, l.body AS lists FROM tasks t JOIN task_lists l ON l.run = t.run AND l.host = t.host
        WHERE t.run = ? ORDER BY t.position`,
      key,
    )
    .map((row) => taskFrom(db, row));

const stored = (db: Reader, row: z.output<typeof RunRow>): StoredRun => {
  const run: Run = { ...summaryOf(db, row), tasks: tasksOf(db, row.key) };
  if (run.id !== row.id || run.seq !== row.seq)
    throw damaged(db.file, `run ${row.id} does not agree with its events`);
  return {
    run,
    state: fromJson(db, z.unknown(), row.reducer, 'a run’s state'),
    effects: effectsOf(db, row.key),
  };
};

const writeTasks = (db: Db, key: number, commit: RunCommit, all: boolean): void => {
  const changed = all || commit.changedTasks === undefined ? undefined : new Set(commit.changedTasks);
  for (const [position, { actions, from, to, ...body }] of commit.run.tasks.entries()) {
    if (changed !== undefined && !changed.has(body.hostId)) continue;
    db.run(
      `INSERT INTO tasks (run, host, position, body) VALUES (?, ?, ?, ?)
       ON CONFLICT (run, host) DO UPDATE SET position = excluded.position, body = excluded.body
         WHERE body <> excluded.body OR position <> excluded.position`,
      key,
      body.hostId,
      position,
      JSON.stringify(body),
    );
    db.run(
      `INSERT INTO task_lists (run, host, body) VALUES (?, ?, ?)
       ON CONFLICT (run, host) DO UPDATE SET body = excluded.body WHERE body <> excluded.body`,
      key,
      body.hostId,
      JSON.stringify({ actions, from, to }),
    );
  }
};

const broken = (run: string, what: string): FrostFault =>
  new FrostFault(frostError('internal', `A commit of run ${run} was refused: ${what}.`));

/** What hangs on the run's row. The caller has checked nothing: each part says what it does not accept. */
const writeRest = (db: Db, key: number, before: number, commit: RunCommit): void => {
  const { id, seq } = commit.run;
  if (seq !== before + commit.events.length) throw broken(id, 'its last event is not the one the run names');
  commit.events.forEach((event, index) => {
    const { seq: number, run, ...body } = event;
    if (run !== id || number !== before + 1 + index)
      throw broken(id, `event ${number} does not continue event ${before + index}`);
    db.run(
      'INSERT INTO events (run, seq, type, host, body) VALUES (?, ?, ?, ?, ?)',
      key,
      number,
      event.type,
      'host' in event ? event.host : null,
      JSON.stringify(body),
    );
  });
  for (const effect of commit.addEffects)
    db.run('INSERT INTO effects (run, id, body) VALUES (?, ?, ?)', key, effect.id, JSON.stringify(effect));
  for (const effect of commit.doneEffects)
    db.run('DELETE FROM effects WHERE run = ? AND id = ?', key, effect);
  for (const capture of commit.captures ?? []) {
    if (capture.runId !== id) throw broken(id, 'a capture belongs to another run');
    db.run(
      `INSERT INTO captures (run, host, body) VALUES (?, ?, ?)
       ON CONFLICT (run, host) DO UPDATE SET body = excluded.body`,
      key,
      capture.hostId,
      pack(JSON.stringify(capture)),
    );
  }
};

const rowOf = (db: Reader, id: string) => db.get(RunRow, `${RUN} WHERE id = ?`, id);

const create = (db: Db, commit: RunCommit): void =>
  db.transaction(() => {
    const { tasks: _, ...summary } = commit.run;
    if (rowOf(db, summary.id) !== undefined)
      throw new FrostFault(frostError('already-exists', 'This run is stored already.'));
    db.run(
      'INSERT INTO runs (id, plan, state, seq, accepted_at, summary, reducer) VALUES (?, ?, ?, ?, ?, ?, ?)',
      summary.id,
      summary.planId,
      summary.state,
      summary.seq,
      summary.acceptedAt ?? null,
      JSON.stringify(summary),
      JSON.stringify(commit.state),
    );
    const row = rowOf(db, summary.id);
    if (row === undefined) throw damaged(db.file, 'a run is not there right after it was stored');
    writeTasks(db, row.key, commit, true);
    writeRest(db, row.key, 0, commit);
  });

const change = (db: Db, commit: RunCommit): void =>
  db.transaction(() => {
    const { tasks: _, ...summary } = commit.run;
    const Before = z.object({ key: z.int(), seq: z.int() });
    const row = db.get(Before, 'SELECT key, seq FROM runs WHERE id = ?', summary.id);
    if (row === undefined) throw new FrostFault(frostError('not-found', `There is no run ${summary.id}.`));
    db.run(
      `UPDATE runs SET state = ?, seq = ?, accepted_at = coalesce(accepted_at, ?), summary = ?, reducer = ?
        WHERE key = ?`,
      summary.state,
      summary.seq,
      summary.acceptedAt ?? null,
      JSON.stringify(summary),
      JSON.stringify(commit.state),
      row.key,
    );
    writeTasks(db, row.key, commit, false);
    writeRest(db, row.key, row.seq, commit);
  });

const events = (db: Reader, id: string, since: number, limit: number): RunEvent[] =>
  db
    .all(
      EventRow,
      `SELECT seq, body FROM events WHERE run = (SELECT key FROM runs WHERE id = ?) AND seq > ?
        ORDER BY seq LIMIT ?`,
      id,
      since,
      limit,
    )
    .map((row) => {
      const body = parseJson(db, row.body, 'an event');
      const event = typeof body === 'object' ? { ...body, seq: row.seq, run: id } : body;
      return validated(RunEvent, event, db.file, 'an event');
    });

const outputLines = (db: Reader, id: string, host: string, limit: number): string[] =>
  db
    .all(
      JsonRow,
      `SELECT body FROM events WHERE run = (SELECT key FROM runs WHERE id = ?) AND host = ?
        AND type = 'task.output' ORDER BY seq DESC LIMIT ?`,
      id,
      host,
      limit,
    )
    .map((row) => fromJson(db, z.object({ line: z.string() }), row.body, 'a line of output').line)
    .reverse();

type RunsOnly = Omit<RunStore, 'putPlan' | 'plan' | 'plans' | 'planSummaries'>;

/** Only the last runs are looked at: their tasks are together on the disk, and no index by host is needed. */
const taskSeconds = (db: Db, runs: number): Map<string, number[]> => {
  const rows = db.all(
    z.object({ host: z.string(), started: z.string().nullable(), finished: z.string().nullable() }),
    `SELECT host, body ->> '$.startedAt' AS started, body ->> '$.finishedAt' AS finished FROM tasks
      WHERE run IN (SELECT key FROM runs ORDER BY key DESC LIMIT ?) AND body ->> '$.state' = 'succeeded'
      ORDER BY run DESC`,
    runs,
  );
  const found = new Map<string, number[]>();
  for (const { host, started, finished } of rows) {
    if (started === null || finished === null) continue;
    found.set(host, [
      ...(found.get(host) ?? []),
      Math.max(0, Date.parse(finished) - Date.parse(started)) / 1000,
    ]);
  }
  return found;
};

export const runStore = (db: Db): RunsOnly => ({
  createRun: (commit) => create(db, commit),
  commitRun: (commit) => change(db, commit),
  run: (id) => {
    const row = rowOf(db, id);
    return row === undefined ? undefined : stored(db, row);
  },
  runs: (limit) => db.all(RunRow, `${RUN} ORDER BY key DESC LIMIT ?`, limit).map((row) => summaryOf(db, row)),
  unfinishedRuns: () =>
    db
      .all(
        RunRow,
        `${RUN} WHERE key IN (SELECT key FROM runs WHERE state <> 'finished' UNION SELECT run FROM effects)
          ORDER BY key`,
      )
      .map((row) => stored(db, row)),
  events: (id, since, limit) => events(db, id, since, limit),
  outputLines: (id, host, limit) => outputLines(db, id, host, limit),
  capture: (id, host) => {
    const row = db.get(
      PackedRow,
      'SELECT body FROM captures WHERE run = (SELECT key FROM runs WHERE id = ?) AND host = ?',
      id,
      host,
    );
    return row === undefined ? undefined : fromPacked(db, Capture, row.body, 'a capture');
  },
  tasksOf: (host, limit) =>
    db
      .all(
        z.object({ id: z.string(), body: z.string(), lists: z.string() }),
        `SELECT r.id, t.body, l.body AS lists
          FROM (SELECT run, host, body FROM tasks WHERE host = ? ORDER BY run DESC LIMIT ?) AS t
          CROSS JOIN runs AS r ON r.key = t.run
          CROSS JOIN task_lists AS l ON l.run = t.run AND l.host = t.host`,
        host,
        limit,
      )
      .map((row) => ({ runId: row.id, task: taskFrom(db, row) })),
  taskSeconds: (runs) => taskSeconds(db, runs),
  markAccepted: (id, at) => {
    if (db.run('UPDATE runs SET accepted_at = ? WHERE id = ?', at, id) === 0)
      throw new FrostFault(frostError('not-found', `There is no run ${id}.`));
  },
});
