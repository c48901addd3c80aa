/** Carries a row out on a host of its own, through the real command line, and holds it to what the row says. */
import { appendFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { gapsIn, type Live } from '../support/live.ts';
import type { Case } from './case.ts';
import { type Ending, endingOf, nextOf, type PackageState, patternOf, type Row } from './matrix.ts';

/** What is seen of a command's end, in the words of a row. */
type Seen = { exit: number; state: string; code: string | undefined; message: string | undefined };

const seenIn = (c: Case, live: Live, exit: number): Seen => {
  const started = live.events.length > 0;
  if (!started) {
    const told = live.error;
    return { exit, state: 'not started', code: told?.code, message: told?.message };
  }
  const told = live
    .of('task.state')
    .filter((event) => event.host === c.name && event.error !== undefined)
    .at(-1)?.error;
  const state = live.finished.hosts[c.name] ?? 'absent';
  return { exit, state, code: told?.code, message: told?.message };
};

const bringsOf = (row: Row): readonly string[] => row.brings ?? ['lab-plain'];

const versionsOf = (c: Case, row: Row): Promise<(string | undefined)[]> =>
  Promise.all(bringsOf(row).map((name) => c.side.version(c.host, name)));

/** How the host was before the run: its packages of the snapshot and, where the row says that all is to be old again, all else. */
type Before = { versions: (string | undefined)[]; picture: unknown };

/** To take a picture of a host costs it seconds, and nothing can be learnt from one when versions are others than before. */
const beforeOf = async (c: Case, row: Row): Promise<Before> => {
  const { packages } = endingOf(row, c.side.name);
  const compared = packages === 'old' || nextOf(row, c.side.name).packages === 'old';
  return { versions: await versionsOf(c, row), picture: compared ? await c.side.picture(c.host) : undefined };
};

const packagesOf = async (c: Case, row: Row, before: Before): Promise<PackageState> => {
  const has = await versionsOf(c, row);
  if (isDeepStrictEqual(has, before.versions) && before.picture !== undefined) {
    const after = await c.side.picture(c.host);
    if (isDeepStrictEqual(after, before.picture)) return 'old';
  }
  if (has.every((version, index) => version === c.side.newest(bringsOf(row)[index] ?? '')))
    return (await c.side.broken(c.host)) === '' ? 'new' : 'half';
  return has.some((version) => version?.includes(' ')) ? 'half' : 'mixed';
};

const judge = async (
  c: Case,
  row: Row,
  o: { what: string; live: Live; exit: number; ending: Ending; before: Before },
): Promise<void> => {
  const { ending, live } = o;
  const seen = seenIn(c, live, o.exit);
  const story = [`${row.id} on ${c.side.name}, ${o.what}: ${JSON.stringify(seen)}`, ...live.timeline()].join(
    '\n',
  );
  if (process.env.FAULTS_SEEN !== undefined)
    appendFileSync(
      process.env.FAULTS_SEEN,
      `${JSON.stringify({ id: row.id, side: c.side.name, what: o.what, host: c.name, ...seen, shown: shown(c, live) })}\n`,
    );
  expect(seen, story).toMatchObject({
    exit: ending.exit,
    state: ending.state,
    ...(ending.code !== undefined && { code: ending.code }),
  });
  if (ending.message === undefined) expect(seen.message, story).toBe(undefined);
  else expect(seen.message ?? '', story).toMatch(patternOf(ending.message, c.name));
  if (c.host.isOn) expect(await packagesOf(c, row, o.before), story).toBe(ending.packages);
  else expect(row.offline, `${row.id}: the host is off`).toBe(true);
  expect(gapsIn(live.events), story).toEqual([]);
};

const shown = (c: Case, live: Live): string[] =>
  live
    .of('task.progress')
    .flatMap((event) => (event.host === c.name && event.waitingFor !== undefined ? [event.waitingFor] : []));

export const performRow = async (row: Row, c: Case): Promise<void> => {
  await row.inject?.(c);
  const before = await beforeOf(c, row);
  const snapshot = await c.snapshot(bringsOf(row));
  const options = row.options ?? [];

  const live = c.console.start(snapshot, c.name, ...options);
  await row.during?.(c, live);
  const exit = await live.ended;
  await judge(c, row, { what: 'the run', live, exit, ending: endingOf(row, c.side.name), before });
  if (row.shows !== undefined) {
    const pattern = patternOf(row.shows, c.name);
    expect(
      shown(c, live).some((text) => pattern.test(text)),
      `${row.shows} among ${JSON.stringify(shown(c, live))}`,
    ).toBe(true);
  }
  await row.also?.(c, live);

  const next = nextOf(row, c.side.name);
  await next.mend?.(c, live.events.length > 0 ? live.runId : '');
  const followed =
    next.by === 'run'
      ? c.console.start(snapshot, c.name, ...(next.options ?? options))
      : c.console.live('runs', next.by, live.runId, ...(next.by === 'rollback' ? ['--yes'] : []));
  const ended = await followed.ended;
  const ending: Ending = {
    exit: next.exit ?? 0,
    state: next.state,
    packages: next.packages,
    ...(next.message !== undefined && { message: next.message }),
  };
  await judge(c, row, { what: `then ${next.by}`, live: followed, exit: ended, ending, before });
};
