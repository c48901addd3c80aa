/** What stands against an entry on some hosts, each way told once, with the edits that mend it: part of check.ts. Pure. */
import type { EntryWarning } from '../../../shared/contract/snapshots.ts';
import type { Update } from '../../../shared/model/scan.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { entryLabel } from './edit.ts';
import { type Findings, type Fix, hostList, targetOf } from './findings.ts';
import { type Alike, type Compare, fitsArch, type Listing, nameKey } from './world.ts';

/** What stands against the entry on some hosts, in one way. */
export type Trouble = {
  code: EntryWarning['code'];
  /** Without the hosts; what differs in it is told apart. */
  text: string;
  packages: string[];
  hosts: Set<string>;
  /** The entries it has to do with: of a rejected one its approval mends it, of a later one its stage. */
  other: Entry | undefined;
  /** Updates that would mend it, in the order of preference. */
  offers: { rank: number; update: Update }[];
};

export class Troubles {
  readonly #found = new Map<string, Trouble>();
  readonly #entry: Entry;
  readonly #listing: Listing;
  readonly #compare: Compare;

  constructor(entry: Entry, listing: Listing, compare: Compare) {
    this.#entry = entry;
    this.#listing = listing;
    this.#compare = compare;
  }

  note(
    code: Trouble['code'],
    hosts: Alike,
    text: string,
    packages: string[],
    o: { other?: Entry | undefined; offers?: Trouble['offers'] } = {},
  ): void {
    const key = `${code} ${text}`;
    const trouble = this.#found.get(key) ?? {
      code,
      text,
      packages,
      hosts: new Set(),
      other: o.other,
      offers: [],
    };
    for (const { host } of hosts) trouble.hosts.add(host);
    trouble.offers.push(...(o.offers ?? []));
    this.#found.set(key, trouble);
  }

  /** `applies`: how many hosts that told their relations the entry would change. */
  report(findings: Findings, applies: () => number): void {
    // The order of the hosts and of their relations is no order of importance.
    for (const [, trouble] of [...this.#found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
      const hosts = [...trouble.hosts].sort();
      const fix = this.#fixOf(trouble, findings, applies);
      findings.add(this.#entry, trouble.code, `${trouble.text} (${hostList(hosts)})`, {
        hosts,
        packages: trouble.packages,
        ...(fix ?? {}),
      });
    }
  }

  #fixOf(trouble: Trouble, findings: Findings, applies: () => number): Fix | undefined {
    const entry = this.#entry;
    const { other, code } = trouble;
    // Somebody put it on hold on every one of these hosts: it will not come along.
    const all = trouble.offers.length > 0 && trouble.offers.every(({ update }) => update.blocked === 'held');
    const reject = trouble.hosts.size === applies() ? findings.reject(entry) : undefined;
    if (all) return reject;
    if (code === 'wrong-order' && other !== undefined) return findings.move(entry, other.stage);
    if (code === 'rejected-dependency' && other !== undefined)
      return {
        fix: [{ kind: 'decide', ...targetOf(other), decision: 'approve' }],
        fixLabel: `Approve ${entryLabel(other)} ${other.version}`,
      };
    const offered = this.#offered(trouble, findings);
    if (offered !== undefined) return offered;
    if (code === 'conflict' && other !== undefined) {
      const mine = entry.stage !== other.stage ? entry.stage > other.stage : entry.name > other.name;
      return findings.reject(mine ? entry : other);
    }
    return reject;
  }

  /** The first of the packages that is offered, in the highest version that will do. */
  #offered(trouble: Trouble, findings: Findings): Fix | undefined {
    const ranks = Map.groupBy(trouble.offers, ({ rank }) => rank);
    for (const [, offers] of [...ranks].sort(([a], [b]) => a - b)) {
      const [first] = offers;
      if (first === undefined) continue;
      let best = first.update;
      for (const { update } of offers) if (this.#compare(update.to, best.to) > 0) best = update;
      const listed = (this.#listing.get(nameKey(this.#entry.ecosystem, best.name)) ?? []).find((other) =>
        fitsArch(other.arch, best.arch),
      );
      if (listed?.pinned === true) continue;
      if (listed !== undefined) return findings.use(listed, best.to);
      const arches = new Set(offers.map(({ update }) => update.arch));
      return {
        fix: [
          {
            kind: 'add',
            ecosystem: this.#entry.ecosystem,
            name: best.name,
            ...(arches.size === 1 ? { arch: best.arch } : {}),
            version: best.to,
            stage: this.#entry.stage,
          },
        ],
        fixLabel: `Add ${best.name} ${best.to} in stage ${this.#entry.stage}`,
      };
    }
    return undefined;
  }
}
