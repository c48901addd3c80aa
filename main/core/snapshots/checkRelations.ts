/** What an entry's relations, and those of packages installed beside it, say of the list: part of check.ts. Pure. */
import type { PackageRelations, Relation, Update } from '../../../shared/model/scan.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { Aftermath, NOTHING } from './aftermath.ts';
import { entryLabel } from './edit.ts';
import type { Findings } from './findings.ts';
import { type Trouble, Troubles } from './troubles.ts';
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

export const relationText = ({ name, op, version }: Relation): string =>
  op === undefined || version === undefined ? name : `${name} (${op} ${version})`;
const groupText = (group: readonly Relation[]): string => group.map(relationText).join(' or ');

class Judge {
  readonly troubles: Troubles;
  readonly #after: Aftermath;
  readonly #entry: Entry;
  readonly #compare: Compare;

  constructor(entry: Entry, listing: Listing, compare: Compare) {
    this.troubles = new Troubles(entry, listing, compare);
    this.#after = new Aftermath(listing, compare);
    this.#entry = entry;
    this.#compare = compare;
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
      const rejected = this.#after
        .entriesOf(host, name)
        .find((entry) => entry.decision === 'reject' && fits(entry.version));
      if (rejected === undefined) continue;
      const offers = this.#offersFor(host, [{ name, fits }]);
      this.troubles.note(
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
      this.troubles.note('removes-package', hosts, otherwise, packages);
    else this.troubles.note('needs-package', hosts, why, packages, { offers });
  }

  #later(hosts: Alike, why: string, by: Entry): void {
    this.troubles.note('wrong-order', hosts, `${why}, which comes later, in stage ${by.stage}`, [by.name], {
      other: by,
    });
  }

  /** What the version the entry brings asks for. */
  own(hosts: Alike, relations: PackageRelations): void {
    const [host] = hosts;
    const { stage } = this.#entry;
    for (const group of relations.requires) {
      const answer = this.#after.meets(host, group, stage);
      if (answer.met) continue;
      const said = `needs ${groupText(group)}`;
      if (answer.by !== undefined) this.#later(hosts, said, answer.by);
      else
        this.#lacking(
          hosts,
          said,
          group.map((relation) => ({
            name: relation.name,
            fits: (version) => this.#after.fits(relation, version),
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
    for (const there of this.#after.after(host, name)) {
      const hits = this.#after.fits(relation, there.version);
      if (there.entry === undefined) {
        if (hits)
          this.#lacking(
            hosts,
            said,
            [{ name, fits: (version) => !this.#after.fits(relation, version) }],
            'removes-package',
            `would remove ${name} ${there.version} (${said})`,
          );
      } else if (hits) {
        const comes =
          there.was !== undefined ||
          (host.updates.get(name) ?? []).some((one) => one.from === null && one.to === there.version);
        if (comes)
          this.troubles.note(
            'conflict',
            hosts,
            `${said}; ${entryLabel(there.entry)} ${there.version} is approved here too`,
            [name],
            {
              other: there.entry,
              offers: this.#offersFor(host, [
                { name, fits: (version) => !this.#after.fits(relation, version) },
              ]),
            },
          );
      } else if (
        there.was !== undefined &&
        there.entry.stage > this.#entry.stage &&
        this.#after.fits(relation, there.was)
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
        this.#after.fits(relation, version) &&
        !(host.installed.get(name) ?? []).some((one) => this.#after.fits(relation, one.version)),
    );
    if (asks.length === 0 && against.length === 0) return;
    const rest = this.#after
      .after(host, relations.name)
      .find(
        (there) =>
          (there.arch === undefined || there.arch === relations.arch) &&
          (there.entry === undefined ? there.version : there.was) === relations.version,
      );
    if (rest === undefined) return;
    const which = `${relations.name} ${relations.version}`;
    const broken = (stage: number): string | undefined => {
      const group = asks.find((one) => !this.#after.meets(host, one, stage).met);
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
  judge.troubles.report(findings, () =>
    world
      .situations(key)
      .filter(({ installed, updates }) => comesTo(entry, installed, updates, compare))
      .reduce((sum, { related }) => sum + related, 0),
  );
};
