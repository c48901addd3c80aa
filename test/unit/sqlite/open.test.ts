/** Opening a database: who may read it, what is refused, what is copied, and what is said when it is broken. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { migrate } from '../../../main/adapters/sqlite/migrate.ts';
import { MIGRATIONS, type Migration } from '../../../main/adapters/sqlite/migrations.ts';
import { openStore } from '../../../main/adapters/sqlite/open.ts';
import { FrostFault } from '../../../shared/errors.ts';
import { collectingLog } from '../../support/ports.ts';
import { makeHost, makePackage, makeScan } from '../fleet/make.ts';
import { opened, temporaryFolder } from './make.ts';

const fileIn = (dir: string): string => join(dir, 'frostline.db');
const refusedOpening = (file: string) => {
  const store = openStore({ file, log: collectingLog() });
  if (store.ok) {
    store.value.close();
    throw new Error('It was opened.');
  }
  return store.error;
};
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const newest = MIGRATIONS.at(-1)?.version ?? 0;

/** A closed database with some pages in it. */
const filled = (): string => {
  const file = fileIn(temporaryFolder());
  const store = opened(file);
  for (let n = 0; n < 20; n += 1) {
    const host = makeHost(`web-${n}`);
    store.putHost(host);
    const packages = Array.from({ length: 300 }, (_, i) => makePackage(`p-${n}-${i}`));
    store.putScan(makeScan(host, { packages }));
  }
  store.close();
  return file;
};

describe('a new database', () => {
  it('belongs to its owner alone, folder and side files too', () => {
    const file = join(temporaryFolder(), 'deep', 'data', 'frostline.db');
    const store = opened(file);
    store.putSetting('a', 'b');
    expect(mode(dirname(file))).toBe('700');
    for (const suffix of ['', '-wal', '-shm']) expect(mode(`${file}${suffix}`)).toBe('600');
    store.close();
    expect(readdirSync(dirname(file))).toEqual(['frostline.db']);
  });

  it('is closed to others also when it was not before, and leaves a folder that is there as it is', () => {
    const file = filled();
    chmodSync(file, 0o644);
    chmodSync(dirname(file), 0o755);
    opened(file).close();
    expect(mode(file)).toBe('600');
    expect(mode(dirname(file))).toBe('755');
  });

  it('is durable: WAL, every commit synced, references kept', () => {
    const file = fileIn(temporaryFolder());
    opened(file).close();
    const raw = new Database(file);
    expect(raw.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(raw.pragma('user_version', { simple: true })).toBe(newest);
    expect(raw.pragma('foreign_key_check')).toEqual([]);
    raw.close();
  });
});

describe('a database of a newer Frostline', () => {
  it('is refused and left as it is', () => {
    const file = filled();
    const raw = new Database(file);
    raw.pragma(`user_version = ${newest + 1}`);
    raw.pragma('journal_mode = DELETE');
    raw.close();
    const before = readFileSync(file);
    expect(refusedOpening(file)).toMatchObject({
      code: 'store.newer',
      message: expect.stringContaining(`schema ${newest + 1}`),
    });
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(dirname(file))).toEqual(['frostline.db']);
  });
});

describe('a broken database', () => {
  it('is named as damaged, with the copies there are, and not touched', () => {
    const file = filled();
    const copies = ['2026-11-20', '2026-11-22'].map((day) => `${file}.backup-${day}-v1`);
    for (const copy of copies) copyFileSync(file, copy);
    writeFileSync(file, 'this is no database, whatever its name says'.repeat(100));
    const error = refusedOpening(file);
    expect(error).toMatchObject({ code: 'store.damaged', message: expect.stringContaining(file) });
    expect(error.hint).toContain(`${copies[1]}, ${copies[0]}`);
    expect(readFileSync(file, 'utf8')).toContain('this is no database');
  });

  it('is not taken for a new one when it lost all its content', () => {
    const file = filled();
    copyFileSync(file, `${file}.backup-2026-11-22-v1`);
    truncateSync(file, 0);
    expect(refusedOpening(file).code).toBe('store.damaged');
  });

  it('is never that of another program', () => {
    const file = fileIn(temporaryFolder());
    const other = new Database(file);
    other.exec('CREATE TABLE cookies (id INTEGER)');
    other.close();
    expect(refusedOpening(file)).toMatchObject({
      code: 'store.damaged',
      message: expect.stringContaining('another program'),
    });
  });

  it.each([0.1, 0.35, 0.6, 0.9, 0.999])(
    'cut off at %d of its length is damaged, never half a fleet',
    (part) => {
      const file = filled();
      truncateSync(file, Math.floor(statSync(file).size * part));
      expect(refusedOpening(file).code).toBe('store.damaged');
    },
  );

  it('says so when a page in its middle was overwritten', () => {
    const file = filled();
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 4096 * 3, 4096 * 12);
    writeFileSync(file, bytes);
    const store = openStore({ file, log: collectingLog() });
    if (!store.ok) {
      expect(store.error.code).toBe('store.damaged');
      return;
    }
    const readAll = () => {
      for (const host of store.value.hosts()) store.value.latestScan(host.id);
      store.value.scanSummaries();
    };
    expect(readAll).toThrow(
      expect.objectContaining({ error: expect.objectContaining({ code: 'store.damaged' }) }),
    );
    store.value.close();
  });

  it('never answers with a value that does not fit the model', () => {
    const file = filled();
    const raw = new Database(file);
    raw.exec(`UPDATE hosts SET body = json_set(body, '$.port', 'ssh') WHERE name = 'web-3'`);
    raw.close();
    const store = opened(file);
    expect(() => store.hosts()).toThrow(/port/);
    expect(store.hostByName('web-4')?.name).toBe('web-4');
    store.close();
  });
});

describe('migrating', () => {
  const added: Migration = {
    version: newest + 1,
    sql: 'CREATE TABLE added (a TEXT) STRICT; UPDATE hosts SET body = body;',
  };
  const next = [...MIGRATIONS, added];
  const tables = (handle: Database.Database) =>
    handle.prepare("SELECT count(*) FROM sqlite_schema WHERE name IN ('added', 'half')").pluck().get();

  it('keeps what is there, and copies the database before', () => {
    const file = filled();
    const handle = new Database(file);
    migrate(handle, file, next, collectingLog());
    expect(handle.pragma('user_version', { simple: true })).toBe(newest + 1);
    expect(tables(handle)).toBe(1);
    handle.close();
    const copies = readdirSync(dirname(file)).filter((name) => name.includes('backup'));
    expect(copies).toHaveLength(1);
    const copy = join(dirname(file), copies[0] ?? '');
    expect(mode(copy)).toBe('600');
    const store = opened(copy);
    expect(store.hosts()).toHaveLength(20);
    store.close();
  });

  it('is done whole or not at all', () => {
    const file = filled();
    const handle = new Database(file);
    const broken = {
      version: newest + 1,
      sql: 'CREATE TABLE half (a TEXT); INSERT INTO nowhere VALUES (1);',
    };
    expect(() => migrate(handle, file, [...MIGRATIONS, broken], collectingLog())).toThrow('nowhere');
    expect(handle.pragma('user_version', { simple: true })).toBe(newest);
    expect(tables(handle)).toBe(0);
    handle.close();
    const store = opened(file);
    expect(store.hosts()).toHaveLength(20);
    store.close();
  });

  it('does not commit a migration that leaves references hanging', () => {
    const file = filled();
    const handle = new Database(file);
    const broken = { version: newest + 1, sql: 'DELETE FROM lists;' };
    expect(() => migrate(handle, file, [...MIGRATIONS, broken], collectingLog())).toThrow(FrostFault);
    expect(handle.prepare('SELECT count(*) FROM lists').pluck().get()).toBeGreaterThan(0);
    expect(handle.pragma('foreign_keys', { simple: true })).toBe(1);
    handle.close();
  });

  it('keeps the last three copies', () => {
    const file = filled();
    for (const day of ['01', '02', '03', '04']) copyFileSync(file, `${file}.backup-2026-10-${day}T00-v1`);
    const handle = new Database(file);
    migrate(handle, file, next, collectingLog());
    handle.close();
    const copies = readdirSync(dirname(file))
      .filter((name) => name.includes('backup'))
      .sort();
    expect(copies.slice(0, 2).map((name) => name.slice(-16))).toEqual([
      '2026-10-03T00-v1',
      '2026-10-04T00-v1',
    ]);
    expect(copies).toHaveLength(3);
  });

  it('leaves a new database without a copy', () => {
    const file = fileIn(temporaryFolder());
    opened(file).close();
    expect(readdirSync(dirname(file))).toEqual(['frostline.db']);
  });

  it('numbers its steps without a gap', () => {
    expect(MIGRATIONS.map((migration) => migration.version)).toEqual(MIGRATIONS.map((_, index) => index + 1));
  });

  it.each(readdirSync(join(import.meta.dirname, 'fixtures')).filter((name) => name.endsWith('.sql')))(
    'brings the released schema of %s to the newest, with its data',
    (name) => {
      const file = fileIn(temporaryFolder());
      const raw = new Database(file);
      // A dump names tables in any order.
      raw.pragma('foreign_keys = OFF');
      raw.exec(readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8'));
      raw.close();
      const store = opened(file);
      const [host] = store.hosts();
      expect(store.hosts().map((each) => each.name)).toEqual(['web-1']);
      expect(store.latestScan(host?.id ?? '')).toMatchObject({ state: 'ok', packages: [{ name: 'bash' }] });
      expect(store.lines()).toMatchObject([{ name: 'november', revisions: 1 }]);
      expect(store.revision(store.lines()[0]?.headId ?? '')?.content.entries).toHaveLength(1);
      const [run] = store.unfinishedRuns();
      expect(run).toMatchObject({ run: { seq: 1, tasks: [{ host: 'web-1' }] }, effects: [{ id: 'e1' }] });
      expect(store.events(run?.run.id ?? '', 0, 10)).toHaveLength(1);
      expect(store.audit({ limit: 5 })).toMatchObject([
        { seq: 2, action: 'audit.chained' },
        { seq: 1, action: 'hosts.add', outcome: 'done' },
      ]);
      expect(store.trustedKeys('web-1.example', 22)).toHaveLength(1);
      store.close();
      expect(existsSync(`${file}-wal`)).toBe(false);
    },
  );
});

describe('a place that cannot be written', () => {
  it('is said to be one', () => {
    const dir = temporaryFolder();
    const notFolder = join(dir, 'file');
    writeFileSync(notFolder, '');
    mkdirSync(join(dir, 'frostline.db'));
    expect(refusedOpening(fileIn(dir)).code).toBe('store.full');
    expect(refusedOpening(join(notFolder, 'frostline.db')).code).toBe('store.full');
  });
});
