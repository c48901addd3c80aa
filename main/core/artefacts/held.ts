/** What the console's store holds of the artefacts that hosts lack, each file read and hashed before it is counted on. */

import type { ProofReason } from '../../../shared/model/plan.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import type { HeldArtefacts, Simulation } from '../drivers/driver.ts';
import type { ArtefactKey, Artefacts, PooledArtefact } from './ports.ts';

export const keyText = (key: ArtefactKey): string =>
  `${key.ecosystem} ${key.name} ${key.arch} ${key.version}`;

/** The exact old version that a host has no way to get by itself; undefined: it has one, or none is needed. */
export const lackingOf = (ecosystem: Ecosystem, reason: ProofReason): ArtefactKey | undefined => {
  const { package: name, arch, version, source } = reason;
  if (name === undefined || arch === undefined || version === undefined) return undefined;
  return source === 'none' || source === 'repack' ? { ecosystem, name, arch, version } : undefined;
};

export const lackingIn = (ecosystem: Ecosystem, simulation: Pick<Simulation, 'proof'>): ArtefactKey[] =>
  simulation.proof.flatMap((reason) => lackingOf(ecosystem, reason) ?? []);

/** Each once. */
export const distinct = (keys: readonly ArtefactKey[]): ArtefactKey[] => [
  ...new Map(keys.map((key) => [keyText(key), key])).values(),
];

/** What is known of the wanted artefacts: good copies, and what was wrong with those that cannot be used. */
export class Holdings {
  readonly #good = new Map<string, PooledArtefact[]>();
  readonly #trouble = new Map<string, string[]>();

  add(artefact: PooledArtefact): void {
    const key = keyText(artefact);
    this.#good.set(key, [...(this.#good.get(key) ?? []), artefact]);
  }

  /** One line for people; kept short, however much goes wrong. */
  blame(key: ArtefactKey, trouble: string): void {
    const said = this.#trouble.get(keyText(key)) ?? [];
    if (said.length < 3 && !said.includes(trouble)) this.#trouble.set(keyText(key), [...said, trouble]);
  }

  has(key: ArtefactKey): boolean {
    return this.#good.has(keyText(key));
  }

  copies(key: ArtefactKey): PooledArtefact[] {
    return this.#good.get(keyText(key)) ?? [];
  }

  trouble(key: ArtefactKey): string | undefined {
    return this.#trouble.get(keyText(key))?.join('; ');
  }

  held(ecosystem: Ecosystem): HeldArtefacts {
    return (name, arch, version) => {
      const [best] = this.copies({ ecosystem, name, arch, version });
      return best && { source: best.source === 'archive' ? 'archive' : 'console', from: best.from };
    };
  }

  /** Says with each reason that falls short what was tried for it. */
  explain(ecosystem: Ecosystem, reasons: readonly ProofReason[]): ProofReason[] {
    return reasons.map((reason) => {
      const key = lackingOf(ecosystem, reason);
      const trouble = key && this.trouble(key);
      return trouble === undefined
        ? reason
        : { ...reason, reason: `${reason.reason}; ${trouble}`.slice(0, 1000) };
    });
  }
}

/** Looks into the store only; every file counted on was read and hashed now. */
export const holdingsOf = async (
  artefacts: Artefacts,
  keys: readonly ArtefactKey[],
  signal: AbortSignal,
): Promise<Holdings> => {
  const holdings = new Holdings();
  const verdicts = new Map<string, string | undefined>();
  for (const key of distinct(keys)) {
    for (const artefact of artefacts.find(key)) {
      if (signal.aborted) return holdings;
      const { sha256 } = artefact;
      if (!verdicts.has(sha256)) {
        const whole = await artefacts.verify(sha256);
        verdicts.set(sha256, whole.ok ? undefined : whole.error.message);
      }
      const trouble = verdicts.get(sha256);
      if (trouble === undefined) holdings.add(artefact);
      else holdings.blame(key, trouble);
    }
  }
  return holdings;
};
