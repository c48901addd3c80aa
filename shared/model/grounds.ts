/** What a verdict on a version (severity, advisories, CVEs) rests on, and how old that is: it stands beside every one of them. */
import { z } from 'zod';
import { AdvisoryFormat } from './advisory.ts';
import { Instant } from './primitives.ts';

/** `hosts`: the lists of their own repositories. `snapshot`: what its entry says. Else imported data of that format. */
export const GroundSource = z.enum(['hosts', 'snapshot', ...AdvisoryFormat.options]);
export type GroundSource = z.infer<typeof GroundSource>;

/**
 * `asOf`: what the source knows at most. Imported data: its own date, or that of its import. `hosts`: when the lists were last read, of
 * several hosts the longest ago; null where they do not tell. `snapshot`: when the revision was made.
 */
export const Ground = z.object({ source: GroundSource, asOf: Instant.nullable() });
export type Ground = z.infer<typeof Ground>;

/** What had a say, the one that decided the severity first. Empty: nobody said anything. */
export const Grounds = z.array(Ground).max(10);
