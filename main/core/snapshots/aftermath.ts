/** What hosts would have after a run of the list, and whether that meets what a package asks for: part of check.ts. Pure. */
import type { Relation } from '../../../shared/model/scan.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { holds } from '../drivers/relations.ts';
import { type Compare, fitsArch, type HostWorld, type Installed, type Listing, nameKey } from './world.ts';

/** One package as the run would leave it: brought by `entry` in its stage from `was`; without entry it stays as it is. */
export type There = { version: string; arch: string | undefined } & (
  | { entry: undefined }
  | { entry: Entry; was: string | undefined }
);

/** Met, met only when `by` has been brought, or by nothing that will be there. */
export type Answer = { met: true } | { met: false; by: Entry | undefined };

/** Of a package that is not installed. */
export const NOTHING: Installed = [];

const remember = <A, B, C>(map: Map<A, Map<B, C>>, a: A, b: B, value: C): void => {
  const inner = map.get(a);
  if (inner === undefined) map.set(a, new Map([[b, value]]));
  else inner.set(b, value);
};

/** Equal lists of different hosts are the same object (world.ts): each question is answered once for all of them. */
export class Aftermath {
  readonly #afters = new Map<string, Map<Installed, readonly There[]>>();
  /** By stage. */
  readonly #answers = new Map<number, Map<Relation, Map<Installed, Answer>>>();
  readonly #listing: Listing;
  readonly #compare: Compare;

  constructor(listing: Listing, compare: Compare) {
    this.#listing = listing;
    this.#compare = compare;
  }

  entriesOf(host: HostWorld, name: string): readonly Entry[] {
    return this.#listing.get(nameKey(host.ecosystem, name)) ?? [];
  }

  fits(relation: Relation, version: string): boolean {
    return holds(relation, version, this.#compare);
  }

  /** What the host has of a package after the run, and what the list would let in. */
  after(host: HostWorld, name: string): readonly There[] {
    const installed = host.installed.get(name) ?? NOTHING;
    const known = this.#afters.get(name)?.get(installed);
    if (known !== undefined) return known;
    const found = this.#workOut(host, name, installed);
    remember(this.#afters, name, installed, found);
    return found;
  }

  #workOut(host: HostWorld, name: string, installed: Installed): There[] {
    const approved = this.entriesOf(host, name).filter((entry) => entry.decision === 'approve');
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

  /** Whether any of the group is there by that stage; infinity: in the end. */
  meets(host: HostWorld, group: readonly Relation[], stage: number): Answer {
    let by: Entry | undefined;
    const answers = this.#answers.get(stage) ?? new Map<Relation, Map<Installed, Answer>>();
    this.#answers.set(stage, answers);
    for (const relation of group) {
      const installed = host.installed.get(relation.name) ?? NOTHING;
      let answer = answers.get(relation)?.get(installed);
      if (answer === undefined) {
        answer = this.#meetsOne(this.after(host, relation.name), relation, stage);
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
      const fits = this.fits(relation, there.version);
      if (there.entry === undefined || there.entry.stage <= stage) {
        if (fits) return { met: true };
      } else if (there.was !== undefined && this.fits(relation, there.was)) return { met: true };
      else if (fits && (by === undefined || there.entry.stage < by.stage)) by = there.entry;
    }
    return { met: false, by };
  }
}
