/** Ubuntu's security notices: the database (usn-db/database.json) and the pages of https://ubuntu.com/security/notices.json. */
import { z } from 'zod';
import { type Advisory, AdvisoryId, type Affected } from '../../../shared/model/advisory.ts';
import { type Collector, cvesIn, instantOf, isNameable, Refused, strangersLine } from './read.ts';
import { ubuntuRelease } from './releases.ts';

const Versions = z.record(z.string().max(200), z.object({ version: z.string().max(300) }));
const Notice = z.object({
  id: z.string().max(100),
  title: z.string().max(10_000).optional(),
  timestamp: z.number().optional(),
  cves: z.array(z.string().max(500)).max(5000).optional(),
  releases: z.record(
    z.string().max(64),
    z.object({ sources: Versions.optional(), binaries: Versions.optional() }),
  ),
});

const Page = z.object({
  notices: z
    .array(
      z.object({
        id: z.string().max(100),
        title: z.string().max(10_000).optional(),
        published: z.string().max(100).optional(),
        cves_ids: z.array(z.string().max(500)).max(5000).optional(),
        release_packages: z.record(
          z.string().max(64),
          z
            .array(
              z.object({
                name: z.string().max(200),
                version: z.string().max(300),
                is_source: z.boolean().optional(),
              }),
            )
            .max(20_000),
        ),
      }),
    )
    .max(100_000),
});

type Fixed = { name: string; version: string; kind: 'source' | 'binary' };

const affectedOf = (codename: string, packages: Fixed[]): Affected[] => {
  // The source is enough where it is named: everything built of it has its version's fix.
  const sources = packages.filter((one) => one.kind === 'source');
  return (sources.length > 0 ? sources : packages).map(({ name, version, kind }) => ({
    ecosystem: 'apt',
    distro: 'ubuntu',
    release: ubuntuRelease(codename),
    name,
    kind,
    fixed: version,
  }));
};

const put = (
  into: Collector,
  o: { id: string; title: string | undefined; at: string | undefined; cves: string[]; affected: Affected[] },
): void => {
  const id = o.id.startsWith('USN-') || o.id.startsWith('LSN-') ? o.id : `USN-${o.id}`;
  if (!AdvisoryId.safeParse(id).success || o.affected.length === 0 || !o.affected.every(isNameable)) {
    into.skip();
    return;
  }
  const title = strangersLine(o.title ?? '', 500);
  const advisory: Advisory = {
    format: 'usn',
    id,
    ...(title === '' ? {} : { title }),
    severity: 'unknown',
    cves: cvesIn(o.cves),
    ...(o.at === undefined ? {} : { published: o.at }),
    affected: o.affected,
  };
  into.add(advisory);
};

const refused = (error: z.ZodError, name?: string): Refused => {
  const issue = error.issues[0];
  const where = [...(name === undefined ? [] : [strangersLine(name, 100)]), ...(issue?.path ?? [])].join('.');
  return new Refused(`it is no list of Ubuntu security notices: ${where}: ${issue?.message}`);
};

/** A page of the site. Throws `Refused` for what is none. */
export const readUsnPage = (value: unknown, into: Collector, now: number): void => {
  const page = Page.safeParse(value);
  if (!page.success) throw refused(page.error);
  for (const { id, title, published, cves_ids: cves, release_packages: releases } of page.data.notices)
    put(into, {
      id,
      title,
      at: instantOf(
        published === undefined || /Z|[+-]\d\d:\d\d$/.test(published) ? published : `${published}Z`,
        now,
      ),
      cves: cves ?? [],
      affected: Object.entries(releases).flatMap(([codename, packages]) =>
        affectedOf(
          codename,
          packages.map((one) => ({ ...one, kind: one.is_source === true ? 'source' : 'binary' })),
        ),
      ),
    });
};

/** A member of the database, `name` being its key. Throws `Refused` for what is none. */
export const readUsnNotice = (name: string, value: unknown, into: Collector, now: number): void => {
  const notice = Notice.safeParse(value);
  if (!notice.success) throw refused(notice.error, name);
  const { id, title, timestamp, cves, releases } = notice.data;
  put(into, {
    id,
    title,
    at: instantOf(timestamp, now),
    cves: cves ?? [],
    affected: Object.entries(releases).flatMap(([codename, { sources, binaries }]) =>
      affectedOf(codename, [
        ...Object.entries(sources ?? {}).map(([of, one]) => ({ name: of, ...one, kind: 'source' as const })),
        ...Object.entries(binaries ?? {}).map(([of, one]) => ({ name: of, ...one, kind: 'binary' as const })),
      ]),
    ),
  });
};
