/** The small words everything else is made of. Every string has a limit: input is hostile until it fits one of these. */
import { z } from 'zod';

/** An instant, ISO 8601 in UTC with milliseconds, e.g. `2026-11-23T14:00:00.000Z`. */
export const Instant = z.iso.datetime({ precision: 3 });
export type Instant = z.infer<typeof Instant>;

/** Local id of a stored thing (UUID). */
export const Id = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'not an id');
export type Id = z.infer<typeof Id>;

/** `sha256:` and 64 hex digits. */
export const ContentHash = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'not a content hash');
export type ContentHash = z.infer<typeof ContentHash>;

/** 64 hex digits. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const HostName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'letters, digits, dot, underscore and dash, at most 63, beginning with a letter or digit',
  );
export const SnapshotName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._ -]{0,79}$/,
    'letters, digits, dot, underscore, dash and space, at most 80, beginning with a letter or digit',
  );

/** Package name as the managers allow it (Debian Policy 5.6.1, RPM names). Never begins with a dash, holds no shell character. */
export const PackageName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.+_-]{0,199}$/, 'not a package name');
/** Debian `epoch:upstream~rc-rev`, RPM `epoch:version-release`. Holds no shell character. */
export const PackageVersion = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.+~:^_-]{0,199}$/, 'not a package version');
export const Arch = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, 'not an architecture');

export const Ecosystem = z.enum(['apt', 'dnf', 'zypper', 'apk', 'windows']);
export type Ecosystem = z.infer<typeof Ecosystem>;

export const Severity = z.enum(['critical', 'important', 'moderate', 'low', 'unknown']);
export type Severity = z.infer<typeof Severity>;

export const Classification = z.enum(['security', 'bugfix', 'enhancement', 'other']);
export type Classification = z.infer<typeof Classification>;

const madeText = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => !/[^\P{Cc}\t\n]/u.test(text), 'holds control characters');
const texts = new Map<number, ReturnType<typeof madeText>>();

/** Free text of at most `max` characters: no control characters but tab and newline. One schema for each length: making them takes time. */
export const Text = (max: number): ReturnType<typeof madeText> => {
  const made = texts.get(max) ?? madeText(max);
  texts.set(max, made);
  return made;
};

/** Text in the syntax of cli.md, parsed by core/fleet/selector. */
export const SelectorText = z.string().trim().min(1).max(2000);
