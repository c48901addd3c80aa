/** What docs/cli.md promises to scripts, as far as it can be seen without a host that answers. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Frostline } from './support.ts';

const frostline = new Frostline();
afterAll(() => frostline.close());

const error = (code: string, message: unknown = expect.any(String)) => ({
  error: expect.objectContaining({ code, message }),
});

const COMMANDS = [
  'hosts add',
  'scan',
  'updates list',
  'snapshot freeze',
  'plan',
  'run',
  'runs approve',
  'runs rollback',
  'serve',
];

describe('the words of a command', () => {
  test.each(COMMANDS)('%s --help tells its own and the global options', async (command) => {
    const { code, stdout } = await frostline.run([...command.split(' '), '--help'], { dataDir: null });
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: frostline ${command} `);
    for (const option of ['--data-dir', '--passphrase-file', '--json', '--no-color'])
      expect(stdout).toContain(option);
  });

  test('a group without its command shows its help, and is a usage error', async () => {
    const shown = await frostline.run(['snapshot'], { dataDir: null });
    expect(shown).toMatchObject({ code: 2, stdout: '' });
    expect(shown.stderr).toContain('Usage: frostline snapshot');
    expect(await frostline.json('snapshot')).toEqual({ code: 2, document: error('input.invalid') });
  });

  test.each([
    ['an unknown command', ['bogus']],
    ['an unknown option', ['hosts', 'list', '--bogus']],
    ['one argument too many', ['hosts', 'add', 'a', 'b']],
    ['a missing argument', ['plan', 'november']],
    ['a choice that is none', ['run', 'november', 'all', '--on-failure', 'hope']],
  ])('%s is exit code 2 and one error document', async (_what, args) => {
    expect(await frostline.json(...args)).toEqual({ code: 2, document: error('input.invalid') });
  });

  test('a word that is nearly right is told as such, in one line', async () => {
    const { code, document } = await frostline.json('hosts', 'list', '--jso');
    expect({ code, document }).toEqual({
      code: 2,
      document: error('input.invalid', "unknown option '--jso' (Did you mean --json?)"),
    });
    expect((await frostline.run(['hosst'])).stderr).toContain('(Did you mean hosts?)\n');
  });

  test('global options stand before, between and after', async () => {
    const dataDir = frostline.path('data');
    for (const args of [
      ['--json', '--data-dir', dataDir, 'hosts', 'list'],
      ['hosts', '--json', '--data-dir', dataDir, 'list'],
      ['hosts', 'list', '--data-dir', dataDir, '--json'],
    ])
      expect(JSON.parse((await frostline.run(args, { dataDir: null })).stdout)).toEqual({ hosts: [] });
  });

  test('the host process says which build it is of; one of another build is named', async () => {
    const told = frostline.path('data', 'host.json');
    const presence: unknown = JSON.parse(readFileSync(told, 'utf8'));
    expect(presence).toMatchObject({ build: expect.stringMatching(/^\d+\.\d+\.\d+\+[0-9a-f]{12}$/) });
    expect((await frostline.run(['hosts', 'list'])).stderr).not.toContain('build');
    writeFileSync(told, JSON.stringify({ ...(presence as object), build: '0.0.1+000000000000' }));
    const other = await frostline.run(['hosts', 'list']);
    writeFileSync(told, JSON.stringify(presence));
    expect(other).toMatchObject({ code: 0, stderr: expect.stringContaining('another build of Frostline') });
  });
});

describe('hosts', () => {
  beforeAll(async () => {
    const key = frostline.path('key');
    writeFileSync(key, ssh2.utils.generateKeyPairSync('ed25519').private, { mode: 0o600 });
    const nobody = ['--address', '127.0.0.1', '--port', '9', '--key', key];
    await frostline.json('hosts', 'add', 'h01', ...nobody, '--tag', 'role=web');
    await frostline.json('hosts', 'add', 'h02', ...nobody, '--environment', 'test');
  });

  test('every field of the contract is there, as null where there is nothing', async () => {
    expect(await frostline.json('hosts', 'show', 'h01')).toEqual({
      code: 0,
      document: {
        hosts: [
          expect.objectContaining({
            id: expect.any(String),
            name: 'h01',
            address: '127.0.0.1',
            port: 9,
            user: 'root',
            transport: 'ssh',
            environment: null,
            tags: { role: 'web' },
          }),
        ],
      },
    });
  });

  test.each([
    'scan',
    'updates list',
    'hosts trust',
    'hosts show',
    'hosts remove',
    'plan nothing',
    'run nothing',
  ])('%s on a name that no host has is an error, and does nothing for the others', async (command) => {
    expect(await frostline.json(...command.split(' '), 'h01', 'h99')).toEqual({
      code: 2,
      document: error('not-found', 'There is no host named h99.'),
    });
    expect(await frostline.json(...command.split(' '), 'tag=db')).toEqual({
      code: 2,
      document: error('not-found', 'No host matches tag=db.'),
    });
  });

  test('a list of nobody is an empty list', async () => {
    expect(await frostline.json('hosts', 'list', 'tag=db')).toEqual({ code: 0, document: { hosts: [] } });
  });

  test.each(['', ' ', '(', 'bogus=1'])('the selector “%s” is bad input', async (selector) => {
    for (const command of [['hosts', 'list'], ['scan']])
      expect(await frostline.json(...command, selector)).toEqual({
        code: 2,
        document: error('input.invalid'),
      });
  });

  test.each(['0', '65536', '1e3'])('%s is not a port', async (port) => {
    expect(await frostline.json('hosts', 'add', 'h03', '--port', port)).toMatchObject({ code: 2 });
  });

  test('a key file that cannot be read is told when the host is added', async () => {
    for (const file of [frostline.path('no-such-key'), frostline.work])
      expect(await frostline.json('hosts', 'add', 'h03', '--key', file)).toEqual({
        code: 2,
        document: error('input.invalid', expect.stringContaining(file)),
      });
    expect(await frostline.json('hosts', 'list', 'h03')).toMatchObject({ document: { hosts: [] } });
  });

  test('a secret without an open vault stores nothing', async () => {
    writeFileSync(frostline.path('password'), 'not kept\n');
    expect(
      await frostline.json('hosts', 'add', 'h03', '--password-file', frostline.path('password')),
    ).toEqual({
      code: 2,
      document: error('vault.locked'),
    });
    expect(await frostline.json('hosts', 'list', 'h03')).toMatchObject({ document: { hosts: [] } });
  });

  test('when no host is reachable, scan, plan and run end with 4', async () => {
    await frostline.json('snapshot', 'create', 'reach', '--empty');
    await frostline.json('snapshot', 'edit', 'reach', '--add', 'curl=7.88.1-10');
    expect(await frostline.json('scan', 'all')).toMatchObject({
      code: 4,
      document: { scans: [{ host: 'h01', ok: false, error: { code: 'host.unreachable' } }, { host: 'h02' }] },
    });
    expect(await frostline.json('plan', 'reach', 'all')).toMatchObject({
      code: 4,
      document: { plan: { hosts: [{ state: 'unreachable' }, { state: 'unreachable' }] } },
    });
    const run = await frostline.run(['run', 'reach', 'all', '--yes', '--json']);
    expect(run.code).toBe(4);
    const events = run.stdout
      .trimEnd()
      .split('\n')
      .map((line): { seq: number; run: string } => JSON.parse(line));
    expect(events.map((event) => event.seq)).toEqual(events.map((_event, index) => index + 1));
    expect(events.at(-1)).toMatchObject({ type: 'run.finished', verdict: 'unreachable' });

    const id = events[0]?.run ?? '';
    const again = await frostline.run(['runs', 'watch', id, '--json']);
    expect(again).toMatchObject({ code: 4, stdout: run.stdout });
    const rest = await frostline.run(['runs', 'watch', id, '--since', String(events.length), '--json']);
    expect(rest).toMatchObject({ code: 4, stdout: '' });
    expect(await frostline.json('runs', 'watch', id, '--since', '999')).toEqual({
      code: 2,
      document: error('input.invalid'),
    });
    expect(await frostline.json('runs', 'accept', id)).toMatchObject({
      code: 0,
      document: { seq: events.length + 1, run: id, type: 'run.accepted', cleaned: [], notCleaned: [] },
    });
    expect(await frostline.json('runs', 'check')).toMatchObject({
      code: 0,
      document: { runs: [{ id, agrees: true }] },
    });

    // Somebody's hand in the database: the stored state is no longer what the events say.
    const database = new Database(frostline.path('data', 'frostline.db'));
    database.prepare(`UPDATE tasks SET body = replace(body, '"unreachable"', '"succeeded"')`).run();
    database.close();
    expect(await frostline.json('runs', 'check', id.slice(0, 8))).toMatchObject({
      code: 1,
      document: { runs: [{ id, agrees: false, differences: expect.arrayContaining([expect.any(String)]) }] },
    });
  });

  test('a run needs a yes where nobody can be asked', async () => {
    await frostline.json('snapshot', 'create', 'asked', '--empty');
    expect(await frostline.json('run', 'asked', 'h01')).toEqual({
      code: 2,
      document: error('input.invalid', expect.stringContaining('needs a yes')),
    });
  });
});

describe('snapshots', () => {
  test('show and list tell the same, every field of the contract included', async () => {
    await frostline.json('snapshot', 'create', 'fields', '--empty');
    const edited = await frostline.json(
      'snapshot',
      'edit',
      'fields',
      '--add',
      'curl=1:7.88-1:amd64',
      '--add',
      'zlib1g=1.2',
    );
    const entry = { ecosystem: 'apt', decision: 'approve', stage: 1, source: 'manual' };
    expect(edited).toMatchObject({
      code: 0,
      document: {
        snapshot: {
          name: 'fields',
          revision: 2,
          id: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
          parents: [expect.stringMatching(/^sha256:/)],
          state: 'draft',
          entries: [
            { ...entry, name: 'curl', arch: 'amd64', version: '1:7.88-1' },
            { ...entry, name: 'zlib1g', arch: null, version: '1.2' },
          ],
        },
      },
    });
    const { document } = await frostline.json('snapshot', 'list');
    expect(document).toMatchObject({
      snapshots: expect.arrayContaining([
        expect.objectContaining({
          name: 'fields',
          entries: expect.arrayContaining([expect.objectContaining(entry)]),
        }),
      ]),
    });
    const id = /sha256:[0-9a-f]{64}/.exec(JSON.stringify(edited.document))?.[0] ?? '';
    for (const ref of ['fields', 'fields@2', id, id.slice(0, 19)])
      expect(await frostline.json('snapshot', 'show', ref), ref).toEqual(edited);
  });

  test.each(['1.1:mips', '$(id)'])('%s is not a version', async (version) => {
    await frostline.json('snapshot', 'create', 'versions', '--empty');
    expect(await frostline.json('snapshot', 'edit', 'versions', '--add', `curl=${version}`)).toEqual({
      code: 2,
      document: error('input.invalid'),
    });
  });

  test('what is no exchange file is refused', async () => {
    const file = frostline.path('not.frost.json');
    for (const text of ['', '{"format":"frostline.exchange/9"}']) {
      writeFileSync(file, text);
      for (const verb of ['verify', 'import'])
        expect(await frostline.json('snapshot', verb, file)).toMatchObject({ code: 3 });
    }
    expect(await frostline.json('snapshot', 'verify', frostline.path('missing'))).toMatchObject({ code: 2 });
  });

  test.each([
    ['Asia/Kolkata', '2030-01-01T09:00', '2030-01-01T03:30:00.000Z'],
    ['America/New_York', '2030-01-01T09:00+05:00', '2030-01-01T04:00:00.000Z'],
  ])('with TZ=%s, %s is %s', async (zone, text, instant) => {
    await frostline.json('hosts', 'add', 'frozen', '--address', '127.0.0.1');
    await frostline.json('snapshot', 'create', 'freeze', '--empty');
    const { code, stdout } = await frostline.run(
      ['snapshot', 'freeze', 'freeze', '--hosts', 'frozen', '--from', text, '--to', '2031-01-01', '--json'],
      { env: { TZ: zone } },
    );
    expect({ code, document: JSON.parse(stdout) }).toMatchObject({
      code: 0,
      document: { snapshot: { state: 'frozen', freeze: { from: instant, policy: 'listed-only' } } },
    });
    expect(await frostline.json('snapshot', 'thaw', 'freeze', '--reason', 'next')).toMatchObject({
      document: { snapshot: { state: 'thawed' } },
    });
    await frostline.json('snapshot', 'remove', 'freeze', '--yes');
  });
});

describe('the data folder', () => {
  test('commands that race on a fresh one all find the same host process', async () => {
    const dataDir = frostline.path('with spaces', 'ü');
    const names = ['r1', 'r2', 'r3'];
    const answers = await Promise.all(
      names.map((name) => frostline.run(['hosts', 'add', name, '--address', '127.0.0.1'], { dataDir })),
    );
    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0]);
    const { stdout } = await frostline.run(['hosts', 'list', '--json'], { dataDir });
    expect(JSON.parse(stdout).hosts.map((host: { name: string }) => host.name)).toEqual(names);
  });

  test('one that others may open is closed to them when there is nothing else in it', async () => {
    const dataDir = frostline.path('open');
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o755);
    expect(await frostline.run(['hosts', 'list'], { dataDir })).toMatchObject({ code: 0 });
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  });

  test('one that others may open and that holds other files is refused untouched', async () => {
    const dataDir = frostline.path('downloads');
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o755);
    writeFileSync(frostline.path('downloads', 'film.mkv'), '');
    const { code, stderr } = await frostline.run(['hosts', 'list'], { dataDir });
    expect(code).toBe(2);
    expect(stderr).toContain('holds other files');
    expect(readdirSync(dataDir)).toEqual(['film.mkv']);
  });

  test('an empty name, a file in its place or a place for no folders is bad input', async () => {
    writeFileSync(frostline.path('file'), '');
    for (const dataDir of ['', frostline.path('file'), frostline.path('file', 'below'), '/proc/none/below']) {
      const { code, stdout } = await frostline.run(['--json', 'hosts', 'list', '--data-dir', dataDir], {
        dataDir: null,
      });
      expect({ code, document: JSON.parse(stdout) }).toEqual({ code: 2, document: error('input.invalid') });
    }
  });
});
