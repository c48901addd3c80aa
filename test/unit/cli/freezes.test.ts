/** Freezes on the command line: recurrence, calendar files, exceptions, the calendar, and a second console on the same folder. */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Frostline } from './support.ts';

const frostline = new Frostline();
afterAll(() => frostline.close());
beforeAll(async () => {
  for (const [name, environment] of [
    ['p1', 'production'],
    ['t1', 'test'],
  ])
    await frostline.json(
      'hosts',
      'add',
      name ?? '',
      '--address',
      '127.0.0.1',
      '--environment',
      environment ?? '',
    );
  for (const name of ['weekend', 'other', 'file'])
    await frostline.json('snapshot', 'create', name, '--empty');
}, 60_000);

const BERLIN = ['--zone', 'Europe/Berlin'];
const FRIDAYS = [
  '--from',
  '2031-01-03T18:00',
  '--to',
  '2031-01-06T06:00',
  '--recurrence',
  'FREQ=WEEKLY;BYDAY=FR;COUNT=4',
];
const error = (code: number, document: object) => ({
  code,
  document: { error: expect.objectContaining(document) },
});

describe('a freeze that recurs', () => {
  test('is made on an environment, without the days that are taken out', async () => {
    const made = await frostline.json(
      'snapshot',
      'freeze',
      'weekend',
      '--environment',
      'production',
      ...FRIDAYS,
      '--exclude',
      '2031-01-10',
      ...BERLIN,
    );
    expect(made).toMatchObject({
      code: 0,
      document: {
        snapshot: {
          state: 'frozen',
          freeze: {
            hosts: 'env=production',
            from: '2031-01-03T17:00:00.000Z',
            to: '2031-01-06T05:00:00.000Z',
            zone: 'Europe/Berlin',
            recurrence: { rule: 'FREQ=WEEKLY;BYDAY=FR;COUNT=4', exclude: ['2031-01-10'] },
            ends: '2031-01-27T05:00:00.000Z',
          },
        },
      },
    });
  });

  test('stands in the list and, window by window, in the calendar', async () => {
    expect(await frostline.json('snapshot', 'show', 'weekend')).toMatchObject({
      document: { snapshot: { state: 'frozen', outside: { critical: 0, packages: [] } } },
    });
    expect(await frostline.json('freezes', 'list')).toMatchObject({
      document: {
        freezes: [
          {
            snapshot: 'weekend',
            hosts: ['p1'],
            active: false,
            words: 'every week on Friday, 4 times',
            outside: { critical: 0 },
          },
        ],
      },
    });
    const calendar = await frostline.json(
      'freezes',
      'calendar',
      '--from',
      '2031-01-06T05:59',
      '--to',
      '2031-02-01',
      ...BERLIN,
    );
    expect(calendar.document).toMatchObject({
      windows: [
        { from: '2031-01-03T17:00:00.000Z', snapshot: 'weekend', recurring: true, state: 'coming' },
        { from: '2031-01-17T17:00:00.000Z' },
        { from: '2031-01-24T17:00:00.000Z' },
      ],
      truncated: false,
    });
  });

  test('meets a single one on the same host in one of its windows only', async () => {
    const single = (from: string, to: string, hosts = 'p1') =>
      frostline.json('snapshot', 'freeze', 'other', '--hosts', hosts, '--from', from, '--to', to, ...BERLIN);
    expect(await single('2031-01-20T05:00', '2031-01-20T07:00')).toEqual(
      error(3, {
        code: 'freeze.overlap',
        message: expect.stringContaining('2031-01-20 05:00 Europe/Berlin'),
      }),
    );
    // The excluded window, and the time between two.
    expect(await single('2031-01-10T18:00', '2031-01-17T18:00')).toMatchObject({ code: 0 });
    await frostline.json('snapshot', 'thaw', 'other', '--reason', 'tried');
  });

  test.each<[string, string[]]>([
    ['a rule by the second', ['--from', '2031-01-03', '--to', '2031-01-04', '--recurrence', 'FREQ=SECONDLY']],
    [
      'an excluded day without a recurrence',
      ['--from', '2031-01-03', '--to', '2031-01-04', '--exclude', '2031-01-03'],
    ],
    ['no end', ['--from', '2031-01-03']],
  ])('%s is a usage error', async (_, args) => {
    expect(await frostline.json('snapshot', 'freeze', 'other', '--hosts', 't1', ...args)).toMatchObject({
      code: 2,
      document: { error: { code: 'input.invalid' } },
    });
  });
});

test('a calendar file gives the times; of several events one is chosen, or all are listed', async () => {
  const path = frostline.path('freeze.ics');
  const event = (uid: string, ...lines: string[]) =>
    ['BEGIN:VEVENT', `UID:${uid}`, `SUMMARY:Event ${uid}`, ...lines, 'END:VEVENT'].join('\r\n');
  const days = ['DTSTART;VALUE=DATE:20320102', 'DTEND;VALUE=DATE:20320103', 'RRULE:FREQ=WEEKLY;COUNT=2'];
  writeFileSync(
    path,
    [
      'BEGIN:VCALENDAR',
      event('a', ...days),
      event('b', 'DTSTART:20320101T000000Z'),
      'END:VCALENDAR',
      '',
    ].join('\r\n'),
  );
  const freeze = (...more: string[]) =>
    frostline.json('snapshot', 'freeze', 'file', '--hosts', 't1', '--ics', path, ...BERLIN, ...more);
  expect(await freeze()).toEqual(error(2, { hint: expect.stringContaining('a Event a; b Event b') }));
  expect(await freeze('--event', 'b')).toEqual(error(2, { message: expect.stringContaining('no end') }));
  expect(await freeze('--event', 'a', '--from', 'now')).toMatchObject({ code: 2 });
  expect(await freeze('--event', 'a')).toMatchObject({
    code: 0,
    document: {
      snapshot: {
        freeze: {
          from: '2032-01-01T23:00:00.000Z',
          zone: 'Europe/Berlin',
          recurrence: { rule: 'FREQ=WEEKLY;COUNT=2' },
        },
      },
    },
  });
});

test('an exception stands in the snapshot, and a file carries it to another console', async () => {
  const made = await frostline.json(
    'snapshot',
    'except',
    'weekend',
    '--add',
    'openssl=3.0.16-1:amd64',
    '--reason',
    'exploited',
    '--until',
    '2031-01-05',
    ...BERLIN,
  );
  const exceptions = [
    {
      ecosystem: 'apt',
      name: 'openssl',
      arch: 'amd64',
      version: '3.0.16-1',
      reason: 'exploited',
      until: '2031-01-04T23:00:00.000Z',
      active: true,
    },
  ];
  expect(made).toMatchObject({
    code: 0,
    document: { snapshot: { state: 'frozen', revision: 3, exceptions } },
  });
  expect(
    await frostline.json('snapshot', 'except', 'other', '--add', 'a=1', '--reason', 'r', '--until', '+2h'),
  ).toEqual(error(2, { code: 'freeze.not-frozen' }));
  const file = frostline.path('weekend.frost.json');
  expect(await frostline.json('snapshot', 'export', 'weekend', file)).toMatchObject({ code: 0 });
  const dataDir = frostline.path('another');
  await frostline.run(['hosts', 'add', 'p9', '--address', '127.0.0.1', '--environment', 'production'], {
    dataDir,
  });
  const taken = await frostline.run(['--json', 'snapshot', 'import', file], { dataDir });
  expect(JSON.parse(taken.stdout)).toMatchObject({ snapshot: { state: 'frozen', exceptions } });
});

test('an exception is withdrawn, with a reason, and stays in the snapshot as such', async () => {
  const except = (...words: string[]) => frostline.json('snapshot', 'except', 'weekend', ...words);
  expect(await except('--withdraw', 'openssl', '--add', 'a=1', '--reason', 'r')).toMatchObject({ code: 2 });
  expect(await except('--withdraw', 'openssl=3.0.16-1:amd64', '--reason', 'it breaks the VPN')).toMatchObject(
    {
      code: 0,
      document: {
        snapshot: {
          state: 'frozen',
          revision: 4,
          exceptions: [{ name: 'openssl', active: false, withdrawn: { reason: 'it breaks the VPN' } }],
        },
      },
    },
  );
  const shown = await frostline.run(['snapshot', 'show', 'weekend']);
  expect(shown.stdout).toMatch(/exception: openssl:amd64 .*; withdrawn at \S+ by .*: it breaks the VPN/);
  const report = await frostline.json('report', 'compliance', '--snapshot', 'weekend');
  expect(report.document).toMatchObject({
    report: {
      exceptions: [{ name: 'openssl', active: false, withdrawn: { reason: 'it breaks the VPN' } }],
    },
  });
});

test('a second console on the same folder is the same host process, and sees the freeze at once', async () => {
  const [first, second] = await Promise.all([
    frostline.json(
      'snapshot',
      'freeze',
      'other',
      '--hosts',
      'all',
      '--from',
      '2033-01-01',
      '--to',
      '2033-01-02',
    ),
    frostline.json('snapshot', 'show', 'weekend'),
  ]);
  expect([first.code, second.code]).toEqual([0, 0]);
  // What one console froze, the other may not freeze again.
  await frostline.json('snapshot', 'create', 'rival', '--empty');
  expect(
    await frostline.json(
      'snapshot',
      'freeze',
      'rival',
      '--hosts',
      'p1',
      '--from',
      '2033-01-01',
      '--to',
      '2033-01-02',
    ),
  ).toEqual(error(3, { code: 'freeze.overlap' }));
});
