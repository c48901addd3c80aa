/** Updates with what imported data says about them, beside what their hosts' own metadata says. */
import type { Ecosystem, Severity } from '../../../shared/model/primitives.ts';
import type { Evidence } from '../../../shared/model/rule.ts';
import type { Facts, Update } from '../../../shared/model/scan.ts';
import type { CatalogStore } from '../catalog/ports.ts';
import { driverFor } from '../drivers/registry.ts';
import type { AdvisoryStore, AffectedRow } from './ports.ts';
import { mended, type Subject, type SubjectVersion, worse } from './verdict.ts';

/** By the ecosystem's own order; code units for one without a driver, so that the result is the same everywhere. */
export const compareVersions = (ecosystem: Ecosystem, a: string, b: string): number =>
  driverFor(ecosystem)?.compareVersions(a, b) ?? (a < b ? -1 : a > b ? 1 : 0);

export type Described = Pick<Update, 'severity' | 'classification' | 'advisories'> & {
  cves: string[];
  published?: string;
  /** Set where imported data had a say. */
  evidence?: Evidence;
};

const isCve = (id: string): boolean => /^CVE-\d{4}-\d{4,12}$/.test(id);

/** Which of two pieces of evidence is younger. */
export const younger = (a: Evidence | undefined, b: Evidence | undefined): Evidence | undefined =>
  a === undefined ? b : b === undefined || a.asOf >= b.asOf ? a : b;

type Where = Pick<Facts, 'manager' | 'os' | 'release' | 'codename'>;

/**
 * The worse of both severities counts. What mends something is `security`, where its host could not tell what it is
 * (`other`). Reads the data once for all updates given to it.
 */
export const createDescriber = (
  store: AdvisoryStore & CatalogStore,
  updates: { facts: Where; updates: Pick<Update, 'name' | 'arch' | 'to'>[] }[],
): ((facts: Where, update: Update) => Described) => {
  const sources = new Map<string, { source: string; sourceVersion?: string } | undefined>();
  const sourceOf = (ecosystem: Ecosystem, name: string, arch: string, version: string) => {
    const key = `${ecosystem}\n${name}\n${arch}\n${version}`;
    if (!sources.has(key)) sources.set(key, store.sourceOf(ecosystem, name, arch, version));
    return sources.get(key);
  };
  const rows = new Map<string, AffectedRow[]>();
  if (store.advisoryCount() > 0) {
    const names = new Map<Ecosystem, Set<string>>();
    for (const { facts, updates: some } of updates) {
      const own = names.get(facts.manager) ?? new Set<string>();
      for (const { name, arch, to } of some) {
        own.add(name);
        const source = sourceOf(facts.manager, name, arch, to);
        if (source !== undefined) own.add(source.source);
      }
      names.set(facts.manager, own);
    }
    for (const [ecosystem, own] of names)
      for (const row of store.affected(ecosystem, [...own])) {
        const key = `${ecosystem}\n${row.name}`;
        const others = rows.get(key);
        if (others === undefined) rows.set(key, [row]);
        else others.push(row);
      }
  }
  const about = (ecosystem: Ecosystem, subject: Subject): AffectedRow[] => {
    const own = rows.get(`${ecosystem}\n${subject.name}`) ?? [];
    const source =
      subject.source === undefined || subject.source === subject.name
        ? []
        : (rows.get(`${ecosystem}\n${subject.source}`) ?? []);
    return [...own, ...source];
  };
  return (facts, update) => {
    const { name, arch, from, to, severity, classification, advisories } = update;
    const bare = { severity, classification, advisories, cves: advisories.filter(isCve) };
    if (rows.size === 0) return bare;
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
    const found = mended(
      about(ecosystem, subject),
      subject,
      from === null ? null : version(from),
      version(to),
      compareVersions,
    );
    const { evidence, published } = found;
    if (evidence === undefined) return bare;
    return {
      severity: worse(severity, found.severity) satisfies Severity,
      classification: classification === 'other' ? 'security' : classification,
      advisories: [...new Set([...advisories, ...found.advisories])].sort().slice(0, 200),
      cves: [...new Set([...bare.cves, ...found.cves])].sort(),
      evidence,
      ...(published === undefined ? {} : { published }),
    };
  };
};
