/** Advisory data in a bundle: what this console knows about the bundle's packages goes along, as an array of OSV records. */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { BundleFile, BundlePackage } from '../../../shared/model/bundle.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import { stageAll, tidy } from '../advisories/intake.ts';
import type { AdvisoryFile } from '../advisories/read.ts';
import { type AdvisoryReader, READ_SLICE } from '../advisories/service.ts';
import { osvOf } from '../advisories/writeOsv.ts';
import type { Clock, Hasher, Ports } from '../ports.ts';
import { createTurns } from '../turns.ts';
import type { BundleSource } from './ports.ts';
import type { ReadBundle } from './read.ts';

const FILE_NAME = 'advisories.osv.json';
/** What is read into memory at once. */
const MAX_BYTES = 64 * 1024 * 1024;

/** `count`: of records. */
export type CarriedAdvisories = { file: BundleFile; text: string; count: number };
/** `leftOut`: records that are too many to go along, and so none does. */
export type KnownAdvisories = { carried: CarriedAdvisories | undefined; leftOut: number };

/** What is known of the packages, by their own names and those of their sources. `most`: bytes. */
export const advisoriesFor = (
  { store, hasher }: { store: Ports['store']; hasher: Hasher },
  packages: readonly Pick<BundlePackage, 'ecosystem' | 'name'>[],
  sources: ReadonlyMap<string, string>,
  most = MAX_BYTES,
): KnownAdvisories => {
  const ids = new Set<string>();
  for (const [ecosystem, some] of Map.groupBy(packages, (one): Ecosystem => one.ecosystem)) {
    const names = new Set(some.flatMap(({ name }) => [name, sources.get(name) ?? name]));
    for (const row of store.affected(ecosystem, [...names])) ids.add(row.id);
  }
  const records = [...ids].sort().flatMap((id) => {
    // The same advisory in several formats: the one that says the most in OSV's words.
    const told = store
      .advisoriesNamed(id)
      .filter((one) => one.id === id)
      .flatMap((one) => osvOf(one) ?? []);
    return told.toSorted((a, b) => b.affected.length - a.affected.length).slice(0, 1);
  });
  if (records.length === 0) return { carried: undefined, leftOut: 0 };
  const text = JSON.stringify(records);
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > most) return { carried: undefined, leftOut: records.length };
  const file = { name: FILE_NAME, sha256: hasher.sha256(text), bytes };
  return { carried: { file, text, count: records.length }, leftOut: 0 };
};

export type IncomingAdvisories = { name: string; read: AdvisoryFile & { sha256: string } };

/** Every advisory file in the bundle, read whole and not taken in yet. Errors: `advisories.refused`, `store.damaged`. */
export const readAdvisories = async (
  source: BundleSource,
  { advisories }: ReadBundle,
  reader: AdvisoryReader,
  clock: Clock,
): Promise<Result<IncomingAdvisories[]>> => {
  const found: IncomingAdvisories[] = [];
  for (const { name, offset, bytes } of advisories) {
    if (bytes > MAX_BYTES) return fail('advisories.refused', `${name} in the bundle is too large.`);
    const content = await source.read(offset, bytes);
    if (!content.ok) return content;
    const read = await reader.read(content.value, {
      now: clock.now(),
      format: 'osv',
      reading: { turn: createTurns(clock, READ_SLICE), progress: () => undefined },
    });
    if (!read.ok)
      return {
        ok: false,
        error: { ...read.error, message: `${name} in the bundle was refused: ${read.error.message}` },
      };
    found.push({ name, read: read.value });
  }
  return ok(found);
};

/**
 * Written, as an import of the same files by hand would (what is here and newer stays), and not seen before `finish`. Afterwards,
 * whatever became of it, `end` removes what is not seen.
 */
export const stageBundled = async (
  { store, clock }: Pick<Ports, 'store' | 'clock'>,
  files: readonly IncomingAdvisories[],
  signal: AbortSignal,
): Promise<{ finish(): void; end(): Promise<void> }> => {
  const importedAt = new Date(clock.now()).toISOString();
  const staged: Awaited<ReturnType<typeof stageAll>>[] = [];
  const end = async (): Promise<void> => {
    // Of one that is seen it does nothing.
    for (const one of staged) one.discard();
    if (files.length > 0) await tidy(store, clock);
  };
  try {
    for (const { name, read } of files) {
      const { format, advisories, skipped, dated, sha256 } = read;
      staged.push(
        await stageAll(
          { store, clock },
          {
            format,
            file: name.slice(0, 255),
            sha256,
            importedAt,
            asOf: dated ?? importedAt,
            dated: dated !== undefined,
            skipped,
          },
          // What the bundle does not have is not gone: it is only about its own packages.
          { advisories, whole: false },
          { signal, progress: () => undefined },
        ),
      );
    }
  } catch (thrown) {
    await end();
    throw thrown;
  }
  return {
    finish: () => {
      for (const one of staged) one.finish();
    },
    end,
  };
};
