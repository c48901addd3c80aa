/**
 * The Debian security tracker's JSON (https://security-tracker.debian.org/tracker/data/json): source package → CVE → release.
 * It is all there is, and carries no date.
 */
import { z } from 'zod';
import { type Affected, CveId } from '../../../shared/model/advisory.ts';
import type { Severity } from '../../../shared/model/primitives.ts';
import { type Collector, isNameable, plainLine, Refused } from './read.ts';
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
const Tracker = z.record(z.string().max(200), z.record(z.string().max(100), Fault));

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

/** Throws `Refused` for what is no such file. */
export const readDebianTracker = (value: unknown, into: Collector): void => {
  const parsed = Tracker.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new Refused(
      `it is no export of the Debian security tracker: ${issue?.path.join('.')}: ${issue?.message}`,
    );
  }
  const found = new Map<string, { title: string; severity: Severity; affected: Affected[] }>();
  for (const [name, faults] of Object.entries(parsed.data))
    for (const [id, fault] of Object.entries(faults)) {
      // What has no CVE yet is renamed when it gets one.
      if (!CveId.safeParse(id).success) {
        into.skip();
        continue;
      }
      const affected = affectedOf(name, fault);
      if (!affected.every(isNameable)) {
        into.skip();
        continue;
      }
      const severity = Object.values(fault.releases ?? {}).reduce<Severity>(
        (worst, one) => worse(worst, severityOf(one.urgency)),
        'unknown',
      );
      const known = found.get(id);
      if (known === undefined)
        found.set(id, { title: plainLine(fault.description ?? '', 500), severity, affected });
      else {
        known.severity = worse(known.severity, severity);
        known.affected.push(...affected);
      }
    }
  for (const [id, { title, severity, affected }] of found)
    into.add({
      format: 'debian-tracker',
      id,
      ...(title === '' ? {} : { title }),
      severity,
      cves: [id],
      affected,
    });
};
