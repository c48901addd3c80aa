/** What an entry's relations, and those of packages installed beside it, say of the list: part of check.ts. Pure. */
import type { EntryWarning } from '../../../shared/contract/snapshots.ts';
import type { PackageRelations, Relation, Update } from '../../../shared/model/scan.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { holds } from '../drivers/relations.ts';
import { entryLabel } from './edit.ts';
import { type Findings, type Fix, hostList, targetOf } from './findings.ts';
import {
  type Alike,
  type Compare,
  fitsArch,
  type HostWorld,
  type Installed,
  type Listing,
  nameKey,
  type World,
} from './world.ts';

/** One package as the run would leave it: brought by `entry` in its stage from `was`; without entry it stays as it is. */
type There = { version: string; arch: string | undefined } & (
  | { entry: undefined }
  | { entry: Entry; was: string | undefined }
);

/** What stands against the entry on some hosts, in one way. */
type Trouble = {
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

export const relationText = ({ name, op, version }: Relation): string =>
  op === undefined || version === undefined ? name : `${name} (${op} ${version})`;
const groupText = (group: readonly Relation[]): string => group.map(relationText).join(' or ');

type Answer = { met: true } | { met: false; by: Entry | undefined };

/** Of a package that is not installed. */
const NOTHING: Installed = [];

const remember = <A, B, C>(map: Map<A, Map<B, C>>, a: A, b: B, value: C): void => {
  const inner = map.get(a);
  if (inner === undefined) map.set(a, new Map([[b, value]]));
  else inner.set(b, value);
};

/** Equal lists of different hosts are the same object (world.ts): each question is answered once for all of them. */
class Judge {
  readonly #afters = new Map<string, Map<Installed, readonly There[]>>();
  readonly #inTime = new Map<Relation, Map<Installed, Answer>>();
  readonly #atLast = new Map<Relation, Map<Installed, Answer>>();
  readonly #troubles = new Map<string, Trouble>();
  readonly #entry: Entry;
  readonly #listing: Listing;
  readonly #compare: Compare;

  constructor(entry: Entry, listing: Listing, compare: Compare) {
    this.#entry = entry;
    this.#listing = listing;
    this.#compare = compare;
  }

  #entriesOf(host: HostWorld, name: string): readonly Entry[] {
    return this.#listing.get(nameKey(host.ecosystem, name)) ?? [];
  }

  #fits(relation: Relation, version: string): boolean {
    return holds(relation, version, this.#compare);
  }

  #note(
    code: Trouble['code'],
    hosts: Alike,
    text: string,
    packages: string[],
    o: { other?: Entry | undefined; offers?: Trouble['offers'] } = {},
  ): void {
    const key = `${code} ${text}`;
    const trouble = this.#troubles.get(key) ?? {
      code,
      text,
      packages,
      hosts: new Set(),
      other: o.other,
      offers: [],
    };
    for (const { host } of hosts) trouble.hosts.add(host);
    trouble.offers.push(...(o.offers ?? []));
    this.#troubles.set(key, trouble);
  }

  /** What the host has of a package after the run, and what the list would let in. */
  #after(host: HostWorld, name: string): readonly There[] {
    const installed = host.installed.get(name) ?? NOTHING;
    const known = this.#afters.get(name)?.get(installed);
    if (known !== undefined) return known;
    const found = this.#workOut(host, name, installed);
    remember(this.#afters, name, installed, found);
    return found;
  }

  #workOut(host: HostWorld, name: string, installed: Installed): There[] {
    const approved = this.#entriesOf(host, name).filter((entry) => entry.decision === 'approve');
    if (installed.length === 0)
      return approved.map((entry) => ({ version: entry.version, arch: entry.arch, entry, was: undefined }));
    return installed.map(({ arch, version }): There => {
      let best: Entry | undefined;
      for (const entry of approved)
        if (
          fitsArch(entry.arch, arch) &&
          this.#compare(entry.version, version) > 0 &&
          (best === undefined || this.#compare(entry.version, best.version) > 0)
        )
          best = entry;
      return best === undefined
        ? { version, arch, entry: undefined }
        : { version: best.version, arch, entry: best, was: version };
    });
  }

  /** Met, met only when `by` has been brought, or by nothing that will be there. */
  #meets(host: HostWorld, group: readonly Relation[], stage: number): Answer {
    let by: Entry | undefined;
    const answers = stage === Number.POSITIVE_INFINITY ? this.#atLast : this.#inTime;
    for (const relation of group) {
      const installed = host.installed.get(relation.name) ?? NOTHING;
      let answer = answers.get(relation)?.get(installed);
      if (answer === undefined) {
        answer = this.#meetsOne(this.#after(host, relation.name), relation, stage);
        remember(answers, relation, installed, answer);
      }
      if (answer.met) return answer;
      if (answer.by !== undefined && (by === undefined || answer.by.stage < by.stage)) by = answer.by;
    }
    return { met: false, by };
  }

  #meetsOne(after: readonly There[], relation: Relation, stage: number): Answer {
    let by: Entry | undefined;
    for (const there of after) {
      const fits = this.#fits(relation, there.version);
      if (there.entry === undefined || there.entry.stage <= stage) {
        if (fits) return { met: true };
      } else if (there.was !== undefined && this.#fits(relation, there.was)) return { met: true };
      else if (fits && (by === undefined || there.entry.stage < by.stage)) by = there.entry;
    }
    return { met: false, by };
  }

  #offersFor(host: HostWorld, wanted: readonly { name: string; fits(version: string): boolean }[]) {
    return wanted.flatMap(({ name, fits }, rank) =>
      (host.updates.get(name) ?? [])
        .filter((update) => fits(update.to))
        .map((update): Trouble['offers'][number] => ({ rank, update })),
    );
  }

  /** Something else has to come, and nothing approved brings it. `why`: what is said before the hosts. */
  #lacking(
    hosts: Alike,
    why: string,
    wanted: readonly { name: string; fits(version: string): boolean }[],
    without: 'needs-package' | 'removes-package',
    otherwise = why,
  ): void {
    const [host] = hosts;
    const packages = [...new Set(wanted.map((one) => one.name))];
    for (const { name, fits } of wanted) {
      const rejected = this.#entriesOf(host, name).find(
        (entry) => entry.decision === 'reject' && fits(entry.version),
      );
      if (rejected === undefined) continue;
      const offers = this.#offersFor(host, [{ name, fits }]);
      this.#note(
        'rejected-dependency',
        hosts,
        `${why}; ${entryLabel(rejected)} ${rejected.version} is rejected here`,
        packages,
        { other: rejected, offers },
      );
      return;
    }
    const offers = this.#offersFor(host, wanted);
    if (offers.length === 0 && without === 'removes-package')
      this.#note('removes-package', hosts, otherwise, packages);
    else this.#note('needs-package', hosts, why, packages, { offers });
  }

  #later(hosts: Alike, why: string, by: Entry): void {
    this.#note('wrong-order', hosts, `${why}, which comes later, in stage ${by.stage}`, [by.name], {
      other: by,
    });
  }

  /** What the version the entry brings asks for. */
  own(hosts: Alike, relations: PackageRelations): void {
    const [host] = hosts;
    const { stage } = this.#entry;
    for (const group of relations.requires) {
      const answer = this.#meets(host, group, stage);
      if (answer.met) continue;
      const said = `needs ${groupText(group)}`;
      if (answer.by !== undefined) this.#later(hosts, said, answer.by);
      else
        this.#lacking(
          hosts,
          said,
          group.map((relation) => ({
            name: relation.name,
            fits: (version) => this.#fits(relation, version),
          })),
          'needs-package',
        );
    }
    for (const relation of relations.conflicts) this.#against(hosts, relation, 'conflicts with');
    for (const relation of relations.replaces) this.#against(hosts, relation, 'replaces');
  }

  #against(hosts: Alike, relation: Relation, word: string): void {
    const [host] = hosts;
    const { name } = relation;
    const said = `${word} ${relationText(relation)}`;
    for (const there of this.#after(host, name)) {
      const hits = this.#fits(relation, there.version);
      if (there.entry === undefined) {
        if (hits)
          this.#lacking(
            hosts,
            said,
            [{ name, fits: (version) => !this.#fits(relation, version) }],
            'removes-package',
            `would remove ${name} ${there.version} (${said})`,
          );
      } else if (hits) {
        const comes =
          there.was !== undefined ||
          (host.updates.get(name) ?? []).some((one) => one.from === null && one.to === there.version);
        if (comes)
          this.#note(
            'conflict',
            hosts,
            `${said}; ${entryLabel(there.entry)} ${there.version} is approved here too`,
            [name],
            {
              other: there.entry,
              offers: this.#offersFor(host, [{ name, fits: (version) => !this.#fits(relation, version) }]),
            },
          );
      } else if (
        there.was !== undefined &&
        there.entry.stage > this.#entry.stage &&
        this.#fits(relation, there.was)
      )
        this.#later(hosts, `${word} ${name} ${there.was}; it goes on with ${there.version}`, there.entry);
    }
  }

  /** What an installed package asks of the version the entry replaces, or has against the one it brings. */
  bound(hosts: Alike, relations: PackageRelations): void {
    const [host] = hosts;
    const { name, version } = this.#entry;
    if (relations.name === name) return;
    const asks = relations.requires.filter((group) => group.some((relation) => relation.name === name));
    const against = relations.conflicts.filter(
      (relation) =>
        relation.name === name &&
        this.#fits(relation, version) &&
        !(host.installed.get(name) ?? []).some((one) => this.#fits(relation, one.version)),
    );
    if (asks.length === 0 && against.length === 0) return;
    const rest = this.#after(host, relations.name).find(
      (there) =>
        (there.arch === undefined || there.arch === relations.arch) &&
        (there.entry === undefined ? there.version : there.was) === relations.version,
    );
    if (rest === undefined) return;
    const which = `${relations.name} ${relations.version}`;
    const broken = (stage: number): string | undefined => {
      const group = asks.find((one) => !this.#meets(host, one, stage).met);
      if (group !== undefined) return `${which}, which is installed, needs ${groupText(group)}`;
      const relation = against[0];
      return relation && `${which}, which is installed, conflicts with ${relationText(relation)}`;
    };
    if (rest.entry !== undefined) {
      const why = rest.entry.stage > this.#entry.stage ? broken(this.#entry.stage) : undefined;
      if (why !== undefined) this.#later(hosts, `${why}; it goes on with ${rest.version}`, rest.entry);
      return;
    }
    const why = broken(Number.POSITIVE_INFINITY);
    if (why === undefined) return;
    const newer = { name: relations.name, fits: (to: string) => this.#compare(to, relations.version) > 0 };
    this.#lacking(
      hosts,
      `${why}; a newer one has to come along`,
      [newer],
      'removes-package',
      `would remove ${which}: it needs ${name} as it is, and no newer one is offered`,
    );
  }

  /** `applies`: how many hosts that told their relations the entry would change. */
  report(findings: Findings, applies: () => number): void {
    // The order of the hosts and of their relations is no order of importance.
    for (const [, trouble] of [...this.#troubles].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
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

/** The entry would change such a host: it has an older version, or it comes anew with its updates. */
const comesTo = (
  entry: Entry,
  installed: Installed,
  updates: readonly Update[],
  compare: Compare,
): boolean =>
  installed.length === 0
    ? updates.some(
        (update) => update.from === null && update.to === entry.version && fitsArch(entry.arch, update.arch),
      )
    : installed.some((one) => fitsArch(entry.arch, one.arch) && compare(one.version, entry.version) < 0);

export const judgeRelations = (
  entry: Entry,
  world: World,
  listing: Listing,
  compare: Compare,
  findings: Findings,
): void => {
  const key = nameKey(entry.ecosystem, entry.name);
  const relations = world.relations(key);
  if (relations.size === 0) return;
  const judge = new Judge(entry, listing, compare);
  for (const one of relations) {
    if (!one.installed && !(one.version === entry.version && fitsArch(entry.arch, one.arch))) continue;
    for (const hosts of world.telling(one)) {
      const [host] = hosts;
      const installed = host.installed.get(entry.name) ?? NOTHING;
      if (!comesTo(entry, installed, host.updates.get(entry.name) ?? [], compare)) continue;
      if (one.installed) judge.bound(hosts, one);
      else judge.own(hosts, one);
    }
  }
  judge.report(findings, () =>
    world
      .situations(key)
      .filter(({ installed, updates }) => comesTo(entry, installed, updates, compare))
      .reduce((sum, { related }) => sum + related, 0),
  );
};
