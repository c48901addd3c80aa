/** OSV (https://ossf.github.io/osv-schema/, version 1.7): Debian, Ubuntu and the relatives of RHEL; other ecosystems are skipped. */
import { z } from 'zod';
import { AdvisoryId, type Affected } from '../../../shared/model/advisory.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import { type Collector, cvesIn, instantOf, isNameable, Refused, strangersLine } from './read.ts';
import { debianRelease } from './releases.ts';
import { worstOf } from './severity.ts';

const Word = z.string().max(500);
const Event = z.object({
  introduced: Word.optional(),
  fixed: Word.optional(),
  last_affected: Word.optional(),
});
const Severities = z.array(z.object({ type: Word, score: Word })).max(100);
/** Free-form: only a word in a known place is read. */
const Specific = z.unknown().transform((value) => {
  const found = z.object({ severity: z.unknown(), urgency: z.unknown() }).partial().safeParse(value);
  const words = found.success ? [found.data.severity, found.data.urgency] : [];
  return words.filter((word) => typeof word === 'string').map((word) => word.slice(0, 100));
});
const Osv = z.object({
  id: z.string().max(200),
  summary: z.string().max(100_000).optional(),
  details: z.string().max(4_000_000).optional(),
  published: Word.optional(),
  modified: Word,
  withdrawn: Word.optional(),
  aliases: z.array(Word).max(5000).optional(),
  upstream: z.array(Word).max(5000).optional(),
  related: z.array(Word).max(5000).optional(),
  severity: Severities.optional(),
  database_specific: Specific.optional(),
  affected: z
    .array(
      z.object({
        package: z.object({ ecosystem: Word, name: Word }).optional(),
        severity: Severities.optional(),
        ranges: z
          .array(z.object({ type: Word, events: z.array(Event).max(5000) }))
          .max(2000)
          .optional(),
        ecosystem_specific: Specific.optional(),
        database_specific: Specific.optional(),
      }),
    )
    .max(20_000)
    .optional(),
});

type Place = Pick<Affected, 'ecosystem' | 'distro' | 'release' | 'kind'>;

const place = (
  ecosystem: Ecosystem,
  distro: string,
  release: string | undefined,
  kind: Affected['kind'],
): Place => ({ ecosystem, distro, kind, ...(release === undefined ? {} : { release }) });

/** Debian and Ubuntu name source packages; Rocky and SUSE both; the others what is installed. */
const placeOf = (text: string): Place | undefined => {
  const [head, ...rest] = text.split(':');
  switch (head) {
    case 'Debian':
      return place('apt', 'debian', rest[0] === undefined ? undefined : debianRelease(rest[0]), 'source');
    case 'Ubuntu': {
      const release = rest.find((part) => /^\d\d\.\d\d$/.test(part));
      return release === undefined ? undefined : place('apt', 'ubuntu', release, 'source');
    }
    case 'AlmaLinux':
      return place('dnf', 'almalinux', rest[0], 'binary');
    case 'Rocky Linux':
      return place('dnf', 'rocky', rest[0], 'either');
    case 'Red Hat': {
      const release = /enterprise_linux:(\d+)/.exec(text)?.[1];
      return release === undefined ? undefined : place('dnf', 'rhel', release, 'binary');
    }
    case 'openSUSE': {
      const [, distro = '', release] = /^(Leap|Tumbleweed)(?: (\d+(?:\.\d+)?))?$/.exec(rest[0] ?? '') ?? [];
      return distro === ''
        ? undefined
        : place('zypper', `opensuse-${distro.toLowerCase()}`, release, 'either');
    }
    case 'SUSE': {
      // Modules and products of one service pack go by one name on the hosts.
      const [, major, pack] = /^Linux Enterprise .* (\d+)(?: SP(\d+))?(?:-|$)/.exec(rest[0] ?? '') ?? [];
      return major === undefined
        ? undefined
        : place('zypper', 'sles', pack === undefined ? major : `${major}.${pack}`, 'either');
    }
    default:
      return undefined;
  }
};

const fromFirst = (version: string | undefined): string | undefined =>
  version === '0' || version === undefined ? undefined : version;

/** One line for each stretch of affected versions. */
const stretches = (
  events: z.output<typeof Event>[],
): Pick<Affected, 'introduced' | 'fixed' | 'lastAffected'>[] => {
  const found: Pick<Affected, 'introduced' | 'fixed' | 'lastAffected'>[] = [];
  let begun: { introduced: string | undefined } | undefined;
  const end = (bound: Pick<Affected, 'fixed' | 'lastAffected'>) => {
    const introduced = fromFirst(begun?.introduced);
    found.push({ ...(introduced === undefined ? {} : { introduced }), ...bound });
    begun = undefined;
  };
  for (const event of events) {
    if (event.introduced !== undefined) begun = { introduced: event.introduced };
    // `fixed: 0`: it never was affected.
    if (event.fixed === '0') begun = undefined;
    else if (event.fixed !== undefined) end({ fixed: event.fixed });
    if (event.last_affected !== undefined) end({ lastAffected: event.last_affected });
  }
  if (begun !== undefined) end({});
  return found;
};

/** Throws `Refused` for what is no OSV record. */
export const readOsv = (value: unknown, into: Collector, now: number): void => {
  const parsed = Osv.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new Refused(`it is no OSV record: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const osv = parsed.data;
  const modified = instantOf(osv.modified, now);
  const published = instantOf(osv.published, now);
  into.date(modified);
  const affected = (osv.affected ?? []).flatMap((one): Affected[] => {
    const where = one.package && placeOf(one.package.ecosystem);
    if (where === undefined || one.package === undefined) return [];
    const { name } = one.package;
    return (one.ranges ?? [])
      .filter((range) => range.type === 'ECOSYSTEM')
      .flatMap((range) => stretches(range.events))
      .map((stretch) => ({ ...where, name, ...stretch }));
  });
  const sound = AdvisoryId.safeParse(osv.id).success && affected.every(isNameable);
  // One that was withdrawn is kept without packages, so that it takes the place of what it was before.
  if (!sound || (affected.length === 0 && osv.withdrawn === undefined)) {
    into.skip();
    return;
  }
  const severities = [...(osv.severity ?? []), ...(osv.affected ?? []).flatMap((one) => one.severity ?? [])];
  const words = [
    ...(osv.database_specific ?? []),
    ...(osv.affected ?? []).flatMap((one) => [
      ...(one.ecosystem_specific ?? []),
      ...(one.database_specific ?? []),
    ]),
    ...severities.filter((one) => one.type === 'Ubuntu').map((one) => one.score),
  ];
  const vectors = severities.filter((one) => one.type === 'CVSS_V3').map((one) => one.score);
  const title = strangersLine(osv.summary ?? osv.details?.slice(0, 2000) ?? '', 500);
  into.add({
    format: 'osv',
    id: osv.id,
    ...(title === '' ? {} : { title }),
    severity: worstOf(words, vectors),
    cves: cvesIn([osv.id, ...(osv.aliases ?? []), ...(osv.upstream ?? []), ...(osv.related ?? [])]),
    ...(published === undefined ? {} : { published }),
    ...(modified === undefined ? {} : { modified }),
    affected: osv.withdrawn === undefined ? affected : [],
  });
};
