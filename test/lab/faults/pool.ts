/** Hosts that rows take one of each, and give back: as many rows run at once as there are hosts. */

import type { LabHost } from '../fleet/host.ts';
import type { Flavour } from '../fleet/image.ts';
import type { SideName } from './sides.ts';

type Kind = { side: SideName; flavour: Flavour };
type Waiting = { kind: Kind; take: (host: LabHost) => void };

export class Pool {
  readonly #free: { host: LabHost; kind: Kind }[] = [];
  readonly #kinds = new Map<LabHost, Kind>();
  readonly #waiting: Waiting[] = [];

  add(host: LabHost, kind: Kind): void {
    this.#kinds.set(host, kind);
    this.give(host);
  }

  get hosts(): LabHost[] {
    return [...this.#kinds.keys()];
  }

  async take(kind: Kind): Promise<LabHost> {
    const at = this.#free.findIndex(({ kind: one }) => same(one, kind));
    const [free] = at < 0 ? [] : this.#free.splice(at, 1);
    if (free !== undefined) return free.host;
    if (![...this.#kinds.values()].some((one) => same(one, kind)))
      throw new Error(`the matrix has no ${kind.flavour} host with ${kind.side}`);
    return new Promise((take) => this.#waiting.push({ kind, take }));
  }

  give(host: LabHost): void {
    const kind = this.#kinds.get(host);
    if (kind === undefined) throw new Error(`${host.name} is not of this pool`);
    const at = this.#waiting.findIndex((one) => same(one.kind, kind));
    const [next] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (next === undefined) this.#free.push({ host, kind });
    else next.take(host);
  }
}

const same = (a: Kind, b: Kind): boolean => a.side === b.side && a.flavour === b.flavour;
