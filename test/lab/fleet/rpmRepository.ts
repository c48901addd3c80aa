import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { must } from './process.ts';
import { buildRpm, evrOf, rpmArchitecture, rpmFileName } from './rpm.ts';
import { type Advisory, advisories, type RpmVersion, rpmVersionsFor } from './rpmShapes.ts';

/** The layout of an RPM repository below `dir`: `public/` is served (repodata, Packages), `unoffered/` is not. */
const publicDir = (dir: string): string => join(dir, 'public');
const packagesDir = (dir: string): string => join(publicDir(dir), 'Packages');

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const advisoryXml = (advisory: Advisory, versions: readonly RpmVersion[], native: string): string => {
  const packages = advisory.packages.map(([name, version]) => {
    const { epoch, version: number, release } = evrOf(version);
    const found = versions.find((p) => p.name === name && p.version === version);
    const arch = found?.arch === 'native' ? native : 'noarch';
    const file = `${name}-${number}-${release}.${arch}.rpm`;
    return `<package name="${name}" epoch="${epoch}" version="${number}" release="${release}" arch="${arch}" src="${name}-${number}-${release}.src.rpm"><filename>${file}</filename></package>`;
  });
  const references = advisory.cves.map(
    (cve) => `<reference href="https://cve.lab/${cve}" id="${cve}" title="${cve}" type="cve"/>`,
  );
  return `<update from="lab@localhost" status="final" type="${advisory.type}" version="1">
<id>${advisory.id}</id><title>${escaped(advisory.title)}</title>
<issued date="2026-11-10 08:00:00"/><updated date="2026-11-11 08:00:00"/>
<severity>${advisory.severity ?? 'None'}</severity><summary>${escaped(advisory.title)}</summary>
<description>${escaped(advisory.title)}</description>
<references>${references.join('')}</references>
<pkglist><collection short="lab"><name>lab</name>${packages.join('')}</collection></pkglist>
</update>`;
};

/** Writes the metadata anew: what dnf sees with its next command. */
export const indexRpms = async (
  dir: string,
  versions: readonly RpmVersion[],
  about: readonly Advisory[] = advisories,
): Promise<void> => {
  const native = await rpmArchitecture();
  const scratch = await mkdtemp(join(tmpdir(), 'frostline-lab-updateinfo-'));
  try {
    // Never written in place: the files may be hard links into the image's repository.
    await rm(join(publicDir(dir), 'repodata'), { recursive: true, force: true });
    const quiet = ['--quiet', '--no-database', '--workers', '2'];
    await must('createrepo_c', [...quiet, publicDir(dir)]);
    const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<updates>\n${about
      .map((one) => advisoryXml(one, versions, native))
      .join('\n')}\n</updates>\n`;
    await writeFile(join(scratch, 'updateinfo.xml'), xml);
    await must('modifyrepo_c', [join(scratch, 'updateinfo.xml'), join(publicDir(dir), 'repodata')]);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};

/** Where `buildRpmRepository` left the file of a version. */
export const rpmFile = (dir: string, p: RpmVersion, native: string): string =>
  join(p.offered ? packagesDir(dir) : join(dir, 'unoffered'), rpmFileName(p, native));

/** Builds the lab's RPM repository below `dir`. */
export const buildRpmRepository = async (dir: string): Promise<void> => {
  const native = await rpmArchitecture();
  const versions = rpmVersionsFor(native);
  await mkdir(packagesDir(dir), { recursive: true });
  const queue = [...versions];
  const work = async (): Promise<void> => {
    for (let p = queue.pop(); p !== undefined; p = queue.pop())
      await buildRpm(p, p.offered ? packagesDir(dir) : join(dir, 'unoffered'), native);
  };
  await Promise.all([work(), work()]);
  await indexRpms(dir, versions);
};

/** A fleet's RPM repository. */
export interface RpmRepository {
  /** All versions of the profile and of the repository as it was built. */
  readonly versions: readonly RpmVersion[];
  /** Adds package versions, and advisories about them; hosts see them with their next command. */
  publish(versions: readonly RpmVersion[], about?: readonly Advisory[]): Promise<void>;
  /** Takes package versions out, files and all. */
  withdraw(versions: readonly RpmVersion[]): Promise<void>;
}

/** dnf counts the age of its lists in whole seconds: those it read in this one it takes for fresh, and asks nobody. */
const nextSecond = (): Promise<void> => delay(1000 - (Date.now() % 1000));

/** The repository in `dir`, as `buildRpmRepository` made it, for a machine of rpm's architecture `native`. */
export const openRpmRepository = (dir: string, native: string): RpmRepository => {
  const built = rpmVersionsFor(native);
  let versions = built;
  let about = advisories;
  return {
    versions: built,
    publish: async (added, news = []) => {
      for (const p of added) await buildRpm(p, packagesDir(dir), native);
      versions = [...versions, ...added];
      about = [...about, ...news];
      await indexRpms(dir, versions, about);
      await nextSecond();
    },
    withdraw: async (gone) => {
      for (const p of gone) await rm(join(packagesDir(dir), rpmFileName(p, native)));
      await indexRpms(dir, versions, about);
      await nextSecond();
    },
  };
};
