/** Imported advisories of the store in memory. */
import type { AdvisoryStore } from '../../main/core/advisories/ports.ts';
import type { Advisory, AdvisoryImport } from '../../shared/model/advisory.ts';

/** `save`: gives back what takes it all to where it is now. */
export const createMemoryAdvisories = (): { store: AdvisoryStore; save(): () => void } => {
  let kept = new Map<string, { advisory: Advisory; origin: AdvisoryImport }>();
  const imports: AdvisoryImport[] = [];
  const keyOf = (one: Pick<Advisory, 'id' | 'format'>): string => `${one.id}\n${one.format}`;
  const store: AdvisoryStore = {
    stageAdvisories: (made, replaceAll) => {
      const staged: Advisory[] = [];
      return {
        add: (advisories) => void staged.push(...structuredClone([...advisories])),
        finish: () => store.putAdvisories(made, staged, replaceAll),
        discard: () => void staged.splice(0),
      };
    },
    sweepAdvisories: () => false,
    putAdvisories: (made, advisories, replaceAll) => {
      const origin: AdvisoryImport = { ...made, id: imports.length + 1, advisories: 0 };
      const next = new Map([...kept].filter(([, one]) => !replaceAll || one.advisory.format !== made.format));
      for (const advisory of advisories) {
        const modified = next.get(keyOf(advisory))?.advisory.modified;
        if (modified !== undefined && (advisory.modified ?? '') < modified) origin.skipped += 1;
        else {
          next.set(keyOf(advisory), { advisory: structuredClone(advisory), origin });
          origin.advisories += 1;
        }
      }
      kept = next;
      imports.push(origin);
      return { ...origin };
    },
    advisoryImports: (limit) => structuredClone(imports.toReversed().slice(0, limit)),
    advisoriesNamed: (idOrCve) =>
      structuredClone(
        [...kept.values()]
          .filter(({ advisory }) => advisory.id === idOrCve || advisory.cves.includes(idOrCve))
          .sort((a, b) => (keyOf(a.advisory) < keyOf(b.advisory) ? -1 : 1))
          .map(({ advisory, origin }) => ({ ...advisory, asOf: origin.asOf, file: origin.file })),
      ),
    affected: (ecosystem, names) =>
      structuredClone(
        [...kept.values()].flatMap(({ advisory, origin }) =>
          advisory.affected
            .filter((one) => one.ecosystem === ecosystem && names.includes(one.name))
            .map((one) => ({
              ...one,
              id: advisory.id,
              format: advisory.format,
              severity: advisory.severity,
              cves: advisory.cves,
              ...(advisory.published === undefined ? {} : { published: advisory.published }),
              asOf: origin.asOf,
            })),
        ),
      ),
    advisoryCount: () => kept.size,
  };
  const save = () => {
    const [before, made] = [kept, imports.length];
    return () => {
      kept = before;
      imports.length = made;
    };
  };
  return { store, save };
};
