/** Runs under real freezes: whatever was planned or started before, nothing is started from a window's first instant to its last. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { revisionId } from '../../../main/core/snapshots/canonical.ts';
import { createFreezeJudge } from '../../../main/core/snapshots/judge.ts';
import type { Exception, Freeze, Revision } from '../../../shared/model/snapshot.ts';
import { nodeHasher } from '../../support/ports.ts';
import { TestConsole, value } from './console.ts';

const OTHER = '88888888-0000-4000-8000-000000000000';
const NOVEMBER = '77777777-0000-4000-8000-000000000000';
let admin: TestConsole;

const begin = (): TestConsole => {
  const console = new TestConsole();
  console.judge = createFreezeJudge(console.ports);
  console.fleetOf(3);
  return console;
};
beforeEach(() => {
  admin = begin();
});

const instant = (at: number): string => new Date(at).toISOString();

/** A freeze of another snapshot on all hosts, from now on as `from` says. */
const freeze = (console: TestConsole, rest: Partial<Freeze> & Pick<Freeze, 'from' | 'to'>): void => {
  const content: Revision['content'] = {
    format: 'frostline.revision/1',
    line: { id: OTHER, name: 'other' },
    number: 1,
    parents: [],
    author: { name: 'anna' },
    createdAt: '2026-11-23T12:00:00.000Z',
    scope: {},
    rules: [],
    entries: [],
    exceptions: [],
  };
  const revision = { id: revisionId(content, nodeHasher), content };
  console.ports.store.putRevisions([revision], { lineId: OTHER, name: 'other', revisionId: revision.id }, [
    {
      lineId: OTHER,
      snapshot: 'other',
      revisionId: revision.id,
      revision: 1,
      freeze: { hosts: 'all', zone: 'UTC', policy: 'listed-only', guard: false, ...rest },
      hostIds: [],
    },
  ]);
};

/** When each host began to be changed. */
const applied = (console: TestConsole, id: string): Map<string, number> =>
  new Map(
    console
      .events(id)
      .flatMap((event) =>
        event.type === 'task.state' && event.to === 'applying'
          ? [[event.host, Date.parse(event.at)] as const]
          : [],
      ),
  );

describe('a run that was started before a freeze', () => {
  it.each([
    ['a single one', (from: number) => ({ from: instant(from), to: instant(from + 3_600_000) })],
    [
      'the second window of a recurring one',
      (from: number) => ({
        from: instant(from - 7 * 86_400_000),
        to: instant(from - 7 * 86_400_000 + 3_600_000),
        recurrence: { rule: 'FREQ=WEEKLY', exclude: [] },
      }),
    ],
  ])('changes no host from its first instant on: %s', async (_, window) => {
    const undisturbed = begin();
    const started = undisturbed.clock.now();
    await undisturbed.finish(await undisturbed.start({ concurrency: '1' }));
    const length = undisturbed.clock.now() - started;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: length }), async (after) => {
        const console = begin();
        const from = console.clock.now() + after;
        freeze(console, window(from));
        const id = await console.start({ concurrency: '1' }).catch(() => undefined);
        if (id === undefined) return;
        const run = await console.finish(id);
        const began = applied(console, id);
        for (const { host, state } of run.tasks) {
          const at = began.get(host);
          if (state === 'succeeded') expect(at).toBeLessThan(from);
          else expect(state).toBe('refused');
          // A job that was begun in time is finished; none is begun after.
          if (at === undefined || at >= from) expect(console.fleet.host(host).mutations).toEqual([]);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('and whose hook took until then, stops before it applies', async () => {
    const plan = await admin.plan({ concurrency: '1', before: 'drain web' }, ['h1']);
    const { run } = value(await admin.runs.start({ planId: plan.id, hash: plan.hash }));
    await admin.until(() =>
      [...admin.fleet.host('h1').jobs.values()].some(({ body }) => body.kind === 'hook'),
    );
    freeze(admin, { from: instant(admin.clock.now()), to: instant(admin.clock.now() + 3_600_000) });
    await admin.finish(run.id);
    expect(admin.states(run.id)).toEqual({ h1: 'refused' });
    expect(admin.run(run.id).tasks[0]?.error?.code).toBe('freeze.other-snapshot');
    expect(admin.fleet.host('h1').mutations).toEqual([]);
  });
});

it('a plan made before a freeze changes nothing while it holds, and may run again when it is over', async () => {
  const plan = await admin.plan();
  const from = admin.clock.now();
  freeze(admin, { from: instant(from), to: instant(from + 3_600_000) });
  const { run } = value(await admin.runs.start({ planId: plan.id, hash: plan.hash }));
  await admin.finish(run.id);
  expect(new Set(Object.values(admin.states(run.id)))).toEqual(new Set(['refused']));
  for (const host of ['h1', 'h2', 'h3']) expect(admin.fleet.host(host).mutations).toEqual([]);
  await admin.clock.advance(from + 3_600_000 - admin.clock.now());
  const again = await admin.plan();
  expect(again.hosts.map(({ state }) => state)).toEqual(['ready', 'ready', 'ready']);
});

it('a run resumed by another console after a freeze began starts nothing more', async () => {
  const id = await admin.start({ concurrency: '1' });
  admin.doom({ commit: 6, when: 'after' });
  await admin.restart();
  const from = admin.clock.now();
  freeze(admin, { from: instant(from), to: instant(from + 3_600_000) });
  await admin.finish(id);
  for (const [host, at] of applied(admin, id))
    if (at >= from) expect(admin.fleet.host(host).mutations).toEqual([]);
  expect(Object.values(admin.states(id))).toContain('refused');
});

describe('an exception', () => {
  /** The snapshot frozen on all hosts; the newest revision lets tzdata 6 through for an hour. */
  const excepted = (): { until: number; withdraw(): void } => {
    const now = admin.clock.now();
    const until = now + 3_600_000;
    const frozen = admin.ports.store.revisions(NOVEMBER)[0];
    if (frozen === undefined) throw new Error('no snapshot');
    const exception: Exception = {
      ecosystem: 'apt',
      name: 'tzdata',
      version: '6',
      reason: 'the law changed',
      author: { name: 'anna' },
      at: instant(now),
      until: instant(until),
    };
    const content: Revision['content'] = {
      ...frozen.content,
      number: 2,
      parents: [frozen.id],
      continues: frozen.id,
      exceptions: [exception],
    };
    const revision = { id: revisionId(content, nodeHasher), content };
    const put = (newest: Revision): void => {
      admin.ports.store.putRevisions(
        [newest],
        { lineId: NOVEMBER, name: 'november', revisionId: newest.id },
        [
          {
            lineId: NOVEMBER,
            snapshot: 'november',
            revisionId: frozen.id,
            revision: 1,
            freeze: {
              hosts: 'all',
              from: instant(now),
              to: instant(now + 7_200_000),
              zone: 'UTC',
              policy: 'listed-only',
              guard: false,
            },
            hostIds: [],
            exceptions: newest.content.exceptions,
          },
        ],
      );
    };
    put(revision);
    const withdraw = (): void => {
      const withdrawn = { at: instant(admin.clock.now()), reason: 'it is wrong', author: { name: 'anna' } };
      const after = {
        ...content,
        number: 3,
        parents: [revision.id],
        exceptions: [{ ...exception, withdrawn }],
      };
      put({ id: revisionId(after, nodeHasher), content: after });
    };
    return { until, withdraw };
  };

  it('is planned, marked, and run with what was frozen', async () => {
    excepted();
    const plan = await admin.plan({}, ['h1']);
    expect(plan.hosts[0]?.actions.map(({ name, to, exception }) => [name, to, exception?.reason])).toEqual([
      ['curl', '2', undefined],
      ['nginx', '3', undefined],
      ['tzdata', '6', 'the law changed'],
    ]);
    const { run } = value(await admin.runs.start({ planId: plan.id, hash: plan.hash }));
    await admin.finish(run.id);
    expect(admin.states(run.id)).toEqual({ h1: 'succeeded' });
    expect(admin.versions('h1')).toEqual({ curl: '2', nginx: '3', tzdata: '6' });
  });

  it('that was over when the task started lets nothing through, though it was planned', async () => {
    const { until } = excepted();
    const plan = await admin.plan({}, ['h1']);
    await admin.clock.advance(until - admin.clock.now());
    const { run } = value(await admin.runs.start({ planId: plan.id, hash: plan.hash }));
    await admin.finish(run.id);
    expect(admin.run(run.id).tasks[0]).toMatchObject({
      state: 'refused',
      error: { code: 'freeze.unlisted-package', packages: ['tzdata'] },
    });
    expect(admin.fleet.host('h1').mutations).toEqual([]);
    // A new plan is for what was frozen.
    const again = await admin.plan({}, ['h1']);
    expect(again.hosts[0]?.actions.map(({ name }) => name)).toEqual(['curl', 'nginx']);
    expect(again.hosts[0]?.state).toBe('ready');
  });

  it('that was withdrawn after it was planned lets nothing through when the task starts', async () => {
    const { withdraw } = excepted();
    const plan = await admin.plan({}, ['h1']);
    withdraw();
    const { run } = value(await admin.runs.start({ planId: plan.id, hash: plan.hash }));
    await admin.finish(run.id);
    expect(admin.run(run.id).tasks[0]).toMatchObject({
      state: 'refused',
      error: { code: 'freeze.unlisted-package', packages: ['tzdata'] },
    });
    expect(admin.fleet.host('h1').mutations).toEqual([]);
    // The newest revision is planned without it; the one before, that still asks for it, is refused.
    const again = await admin.plan({}, ['h1']);
    expect(again.hosts[0]?.actions.map(({ name }) => name)).toEqual(['curl', 'nginx']);
    expect(again.hosts[0]?.state).toBe('ready');
    const older = await admin.plan({}, ['h1'], 'november@2');
    expect(older.hosts[0]?.refusals).toMatchObject([
      { code: 'freeze.unlisted-package', message: expect.stringContaining('its exception was withdrawn') },
    ]);
  });

  it('that was withdrawn while its host was made ready stops there, before it applies', async () => {
    const { withdraw } = excepted();
    const plan = await admin.plan({ concurrency: '1', before: 'drain web' }, ['h1']);
    const { run } = value(await admin.runs.start({ planId: plan.id, hash: plan.hash }));
    await admin.until(() =>
      [...admin.fleet.host('h1').jobs.values()].some(({ body }) => body.kind === 'hook'),
    );
    withdraw();
    await admin.finish(run.id);
    expect(admin.run(run.id).tasks[0]).toMatchObject({
      state: 'refused',
      error: { code: 'freeze.unlisted-package' },
    });
    expect(admin.fleet.host('h1').mutations).toEqual([]);
  });
});
