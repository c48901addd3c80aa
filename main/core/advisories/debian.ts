/**
 * The Debian security tracker's JSON (https://security-tracker.debian.org/tracker/data/json): source package → CVE → release.
 * It is all there is, and carries no date.
 */
import { z } from 'zod';
import { type Affected, CveId } from '../../../shared/model/advisory.ts';
import type { Severity } from '../../../shared/model/primitives.ts';
import type { Turn } from '../turns.ts';
import { type Collector, isNameable, Refused, strangersLine } from './read.ts';
import { debianRelease } from './releases.ts';
import { severityOf } from './severity.ts';
import { worse } from './verdict.ts';

const Fault = z.object({
  description: z.string().max(100_000).optional(),
  releases: z
    .record(
      z.string().max(64),
      z.object({
        status: z.string().max(100),
        fixed_version: z.string().max(300).optional(),
        urgency: z.string().max(100).optional(),
      }),
    )
    .optional(),
});
const Name = z.string().max(200);
const Faults = z.record(z.string().max(100), Fault);
/** What `Collector.add` costs, in characters of text read. */
const ADDED_UNITS = 500;

/** `fixed_version` 0: this release never had the fault. */
const affectedOf = (name: string, fault: z.output<typeof Fault>): Affected[] =>
  Object.entries(fault.releases ?? {}).flatMap(([codename, { status, fixed_version: fixed }]): Affected[] => {
    const bare = {
      ecosystem: 'apt',
      distro: 'debian',
      release: debianRelease(codename),
      name,
      kind: 'source',
    } as const;
    if (status === 'resolved') return fixed === undefined || fixed === '0' ? [] : [{ ...bare, fixed }];
    return status === 'open' ? [bare] : [];
  });

/** Takes the tracker's source packages one by one. Both methods throw `Refused`, `add` for what is no part of such a file. */
export const debianTracker = (into: Collector) => {
  const found = new Map<string, { title: string; severity: Severity; affected: Affected[] }>();
  const take = (name: string, id: string, fault: z.output<typeof Fault>): void => {
    const affected = affectedOf(name, fault);
    // What has no CVE yet is renamed when it gets one.
    if (!CveId.safeParse(id).success || !affected.every(isNameable)) {
      into.skip();
      return;
    }
    const severity = Object.values(fault.releases ?? {}).reduce<Severity>(
      (worst, one) => worse(worst, severityOf(one.urgency)),
      'unknown',
    );
    const known = found.get(id);
    if (known === undefined)
      found.set(id, { title: strangersLine(fault.description ?? '', 500), severity, affected });
    else {
      known.severity = worse(known.severity, severity);
      known.affected.push(...affected);
    }
  };
  return {
    add: (name: string, value: unknown): void => {
      const parsed = Name.safeParse(name).success ? Faults.safeParse(value) : undefined;
      if (parsed?.success !== true) {
        const issue = parsed?.error.issues[0];
        const where = [strangersLine(name, 100), ...(issue?.path ?? [])].join('.');
        throw new Refused(
          `it is no export of the Debian security tracker: ${where}: ${issue?.message ?? 'too long for a name'}`,
        );
      }
      for (const [id, fault] of Object.entries(parsed.data)) take(name, id, fault);
    },
    end: async (turn: Turn): Promise<void> => {
      for (const [id, { title, severity, affected }] of found) {
        into.add({
          format: 'debian-tracker',
          id,
          ...(title === '' ? {} : { title }),
          severity,
          cves: [id],
          affected,
        });
        await turn(ADDED_UNITS);
      }
    },
  };
};
