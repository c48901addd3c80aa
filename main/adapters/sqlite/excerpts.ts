/** Excerpts of last good scans, for going through a whole fleet: of the packages only those that are asked for are checked and kept. */
import { z } from 'zod';
import { type InstalledPackage, Scan, ScanSummary } from '../../../shared/model/scan.ts';
import type { ScanExcerpt, ScanStore } from '../../core/ports.ts';
import { fromJson, fromPacked, PackedRow, type Reader } from './db.ts';
import { damaged, validated } from './faults.ts';

/** Lists that are remembered: hosts of one kind have equal ones. */
const REMEMBERED = 50;

const Packages = Scan.shape.packages;
const Changes = z.object({ updates: Scan.shape.updates, removals: Scan.shape.removals });
const Named = z.array(z.unknown());
const Row = z.object({ summary: z.string(), packages: z.int().nullable(), updates: z.int().nullable() });

const nameOf = (value: unknown): string | undefined =>
  typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'
    ? value.name
    : undefined;

type PackageList = { count: number; some: InstalledPackage[]; has(name: string): boolean };

/** The last of many come again soonest. */
const remembering = <T>(make: (key: number) => T): ((key: number) => T) => {
  const known = new Map<number, T>();
  return (key) => {
    const found = known.get(key) ?? make(key);
    known.delete(key);
    known.set(key, found);
    const [oldest] = known.keys();
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
    return found;
  };
};

export const excerptsOf = (
  db: Reader,
  lastGood: string,
  names: ReadonlySet<string>,
): ReturnType<ScanStore['excerpts']> => {
  const bodyOf = (key: number): Uint8Array => {
    const row = db.get(PackedRow, 'SELECT body FROM lists WHERE key = ?', key);
    if (row === undefined) throw damaged(db.file, 'a list of a scan is not there');
    return row.body;
  };
  const packagesOf = remembering((key): PackageList => {
    const all = fromPacked(db, Named, bodyOf(key), 'a scan’s packages');
    const wanted = all.filter((one) => names.has(nameOf(one) ?? ''));
    const there = all.map(nameOf);
    let set: Set<string | undefined> | undefined;
    return {
      count: there.length,
      some: validated(Packages, wanted, db.file, 'a scan’s packages'),
      has: (name) => {
        set ??= new Set(there);
        return set.has(name);
      },
    };
  });
  const updatesOf = remembering((key) => fromPacked(db, Changes, bodyOf(key), 'a scan’s updates').updates);
  return (host): ScanExcerpt | undefined => {
    const row = db.get(Row, `SELECT summary, packages, updates FROM scans WHERE seq = (${lastGood})`, host);
    if (row === undefined || row.packages === null || row.updates === null) return undefined;
    const { facts, packageCount, updateCount } = fromJson(db, ScanSummary, row.summary, 'a scan');
    if (facts === undefined) return undefined;
    const { count, some, has } = packagesOf(row.packages);
    const updates = updatesOf(row.updates);
    if (count !== packageCount || updates.length !== updateCount)
      throw damaged(db.file, 'a scan’s lists are not those it counted');
    return { facts, packages: some, has, updates };
  };
};
