/** Updates with what imported data says about them, beside what their hosts' own metadata says. The one place where both meet. */
import type { Ground } from '../../../shared/model/grounds.ts';
import type { Ecosystem, Severity } from '../../../shared/model/primitives.ts';
import type { Facts, Update } from '../../../shared/model/scan.ts';
import type { CatalogStore } from '../catalog/ports.ts';
import { driverFor } from '../drivers/registry.ts';
import type { AdvisoryStore, AffectedRow } from './ports.ts';
import { mended, type Subject, type SubjectVersion, worse } from './verdict.ts';

/** By the ecosystem's own order; code units for one without a driver, so that the result is the same everywhere. */
export const compareVersions = (ecosystem: Ecosystem, a: string, b: string): number =>
  driverFor(ecosystem)?.compareVersions(a, b) ?? (a < b ? -1 : a > b ? 1 : 0);

/** An update as its host tells it, as far as it is judged. */
export type Told = Pick<
  Update,
  'name' | 'arch' | 'from' | 'to' | 'severity' | 'classification' | 'advisories'
>;

export type Described = Pick<Update, 'severity' | 'classification' | 'advisories'> & {
  cves: string[];
  published?: string;
  grounds: Ground[];
};

export const isCve = (id: string): boolean => /^CVE-\d{4}-\d{4,12}$/.test(id);

export type Where = Pick<Facts, 'manager' | 'os' | 'release' | 'codename' | 'listsUpdatedAt'>;

export type Describer = {
  /** Reads the data about these updates, as far as it was not read before; what was not learned is not known. */
  learn(updates: { facts: Pick<Facts, 'manager'>; updates: Pick<Update, 'name' | 'arch' | 'to'>[] }[]): void;
  /**
   * The worse of both severities counts. What mends something is `security`, where its host could not tell what it is
   * (`other`).
   */
  describe(facts: Where, update: Told): Described;
};

/** What is known of a step that the host's own lists do not have, and so say nothing of; undefined: nothing at all. */
export const describeSilent = (
  describe: (update: Told) => Described,
  step: Pick<Told, 'name' | 'arch' | 'from' | 'to'>,
): Described | undefined => {
  const now = describe({ ...step, severity: 'unknown', classification: 'other', advisories: [] });
  return now.grounds.some(({ source }) => source !== 'hosts') ? now : undefined;
};

export const createDescriber = (store: AdvisoryStore & CatalogStore): Describer => {
  const any = store.advisoryCount() > 0;
  const sources = new Map<string, { source: string; sourceVersion?: string } | undefined>();
  const sourceOf = (ecosystem: Ecosystem, name: string, arch: string, version: string) => {
    const key = `${ecosystem}\n${name}\n${arch}\n${version}`;
    if (!sources.has(key)) sources.set(key, store.sourceOf(ecosystem, name, arch, version));
    return sources.get(key);
  };
  /** By ecosystem and name; what was read and is about nothing is an empty list. */
  const rows = new Map<string, AffectedRow[]>();
  const keyOf = (ecosystem: Ecosystem, name: string): string => `${ecosystem}\n${name}`;
  const about = (ecosystem: Ecosystem, subject: Subject): AffectedRow[] => {
    const own = rows.get(keyOf(ecosystem, subject.name)) ?? [];
    const source =
      subject.source === undefined || subject.source === subject.name
        ? []
        : (rows.get(keyOf(ecosystem, subject.source)) ?? []);
    return [...own, ...source];
  };
  return {
    learn: (all) => {
      if (!any) return;
      const names = new Map<Ecosystem, Set<string>>();
      for (const { facts, updates } of all) {
        const ecosystem = facts.manager;
        const fresh = names.get(ecosystem) ?? new Set<string>();
        for (const { name, arch, to } of updates)
          for (const one of [name, sourceOf(ecosystem, name, arch, to)?.source])
            if (one !== undefined && !rows.has(keyOf(ecosystem, one))) fresh.add(one);
        names.set(ecosystem, fresh);
      }
      for (const [ecosystem, fresh] of names) {
        if (fresh.size === 0) continue;
        for (const name of fresh) rows.set(keyOf(ecosystem, name), []);
        for (const row of store.affected(ecosystem, [...fresh]))
          rows.get(keyOf(ecosystem, row.name))?.push(row);
      }
    },
    describe: (facts, update) => {
      const { name, arch, from, to, severity, classification, advisories } = update;
      const own: Ground = { source: 'hosts', asOf: facts.listsUpdatedAt ?? null };
      const bare = { severity, classification, advisories, cves: advisories.filter(isCve), grounds: [own] };
      if (!any) return bare;
      const ecosystem = facts.manager;
      const target = sourceOf(ecosystem, name, arch, to);
      const subject: Subject = {
        ecosystem,
        distro: facts.os,
        release: facts.release,
        codename: facts.codename,
        name,
        arch,
        source: target?.source,
      };
      const version = (text: string): SubjectVersion => ({
        version: text,
        sourceVersion: sourceOf(ecosystem, name, arch, text)?.sourceVersion,
      });
      const known = about(ecosystem, subject);
      if (known.length === 0) return bare;
      const found = mended(
        known,
        subject,
        from === null ? null : version(from),
        version(to),
        compareVersions,
      );
      const { ground, published } = found;
      if (ground === undefined) return bare;
      const silent = severity === 'unknown' && advisories.length === 0;
      const worst = worse(severity, found.severity) satisfies Severity;
      return {
        severity: worst,
        classification: classification === 'other' ? 'security' : classification,
        advisories: [...new Set([...advisories, ...found.advisories])].sort().slice(0, 200),
        cves: [...new Set([...bare.cves, ...found.cves])].sort(),
        grounds: silent ? [ground] : worst === found.severity ? [ground, own] : [own, ground],
        ...(published === undefined ? {} : { published }),
      };
    },
  };
};
