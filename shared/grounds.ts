/** How sources of verdicts are called, and how old their data is, in words: the same in the window, the terminal and reports. */
import type { Ground, GroundSource } from './model/grounds.ts';
import type { Classification, Severity } from './model/primitives.ts';

export const SOURCE_NAMES: Record<GroundSource, string> = {
  hosts: 'hosts’ own lists',
  snapshot: 'snapshot',
  osv: 'OSV',
  'debian-tracker': 'Debian tracker',
  usn: 'Ubuntu notices',
  updateinfo: 'updateinfo',
};

/** Seconds → `45 min`, `5 h`, `3 days`. */
export const ageText = (seconds: number): string =>
  seconds < 7200
    ? `${Math.round(seconds / 60)} min`
    : seconds < 172_800
      ? `${Math.round(seconds / 3600)} h`
      : `${Math.round(seconds / 86_400)} days`;

/** `OSV, data of 2026-11-20 (3 days old)`; `now` in milliseconds since epoch. */
export const groundText = ({ source, asOf }: Ground, now: number): string =>
  asOf === null
    ? `${SOURCE_NAMES[source]}, of unknown age`
    : `${SOURCE_NAMES[source]}, data of ${asOf.slice(0, 10)} (${ageText(Math.max(0, now - Date.parse(asOf)) / 1000)} old)`;

/** `OSV 2026-11-20`: where there is little room. */
export const groundLabel = ({ source, asOf }: Ground): string =>
  `${SOURCE_NAMES[source]} ${asOf?.slice(0, 10) ?? '(age unknown)'}`;

/** All of them in a line; empty where nobody said anything. */
export const groundsText = (grounds: readonly Ground[], now: number): string =>
  grounds.map((ground) => groundText(ground, now)).join('; ');

type Judged = { severity?: Severity | undefined; classification?: Classification | undefined };

/** How a patch is judged, in a word or two: `important`, else what kind of patch it is. */
export const judgementText = ({ severity = 'unknown', classification = 'other' }: Judged): string =>
  severity !== 'unknown'
    ? severity
    : classification === 'security'
      ? 'security, severity unknown'
      : classification;

/** Another severity, or a security patch that was none, or is none any more. */
export const isJudgedOtherwise = (held: Judged, now: Judged): boolean =>
  (held.severity ?? 'unknown') !== (now.severity ?? 'unknown') ||
  (held.classification === 'security') !== (now.classification === 'security');
