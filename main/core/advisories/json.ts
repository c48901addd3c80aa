/** Which of the JSON formats a file is in, and reading it. */
import type { AdvisoryFormat } from '../../../shared/model/advisory.ts';
import { readDebianTracker } from './debian.ts';
import { readOsv } from './osv.ts';
import { type AdvisoryFile, Collector, MAX_ADVISORIES, Refused } from './read.ts';
import { readUsn } from './usn.ts';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const guess = (value: unknown): AdvisoryFormat => {
  if (Array.isArray(value)) return 'osv';
  if (!isObject(value)) throw new Refused('it is none of the formats Frostline reads');
  if (typeof value.id === 'string' && 'modified' in value) return 'osv';
  if (Array.isArray(value.notices)) return 'usn';
  const [first] = Object.values(value);
  if (isObject(first) && isObject(first.releases) && typeof first.id === 'string') return 'usn';
  return 'debian-tracker';
};

/** Throws `Refused`. */
export const readAdvisoryJson = (
  value: unknown,
  wanted: AdvisoryFormat | undefined,
  now: number,
): AdvisoryFile => {
  const format = wanted ?? guess(value);
  const into = new Collector();
  switch (format) {
    case 'osv': {
      const all: unknown[] = Array.isArray(value) ? value : [value];
      if (all.length > MAX_ADVISORIES) throw new Refused('it has more advisories than Frostline takes');
      for (const one of all) readOsv(one, into, now);
      break;
    }
    case 'debian-tracker':
      readDebianTracker(value, into);
      break;
    case 'usn':
      readUsn(value, into, now);
      break;
    case 'updateinfo':
      throw new Refused('updateinfo is XML, and this is JSON');
  }
  if (into.advisories.length === 0 && into.skipped === 0) throw new Refused('it holds no advisory');
  return into.file(format, format === 'debian-tracker');
};
