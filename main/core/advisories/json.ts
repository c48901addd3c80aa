/** Which of the JSON formats a file is in, and reading it, one member after another. */
import type { AdvisoryFormat } from '../../../shared/model/advisory.ts';
import type { Turn } from '../turns.ts';
import { debianTracker } from './debian.ts';
import { readOsv } from './osv.ts';
import { type JsonPart, type JsonParts, jsonParts } from './parts.ts';
import { type AdvisoryFile, Collector, MAX_ADVISORIES, Refused } from './read.ts';
import { readUsnNotice, readUsnPage } from './usn.ts';

/** The largest member that is parsed in one go. */
const MAX_WHOLE_CHARACTERS = 64 * 1024 * 1024;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const parseAdvisoryJson = (text: string): unknown => {
  if (text.length > MAX_WHOLE_CHARACTERS) throw new Refused('one part of it is larger than Frostline takes');
  try {
    return JSON.parse(text);
  } catch (error) {
    // A RangeError: nested so deep that the parser gave up.
    throw new Refused(error instanceof SyntaxError ? 'it is not JSON, or cut off' : 'it is nested too deep');
  }
};

const split = async (text: string, turn: Turn): Promise<JsonParts> => {
  try {
    const found = await jsonParts(text, turn);
    if (found !== undefined) return found;
  } catch (error) {
    if (error instanceof SyntaxError) throw new Refused('it is not JSON, or cut off');
    throw error;
  }
  parseAdvisoryJson(text);
  throw new Refused('it is none of the formats Frostline reads');
};

export type Reading = {
  turn: Turn;
  /** So many members of so many have been read. */
  progress(done: number, total: number): void;
};

/** Throws `Refused`. */
export const readAdvisoryJson = async (
  text: string,
  wanted: AdvisoryFormat | undefined,
  now: number,
  { turn, progress }: Reading,
): Promise<AdvisoryFile> => {
  const { kind, parts } = await split(text, turn);
  const parsed = ({ from, to }: JsonPart): unknown => parseAdvisoryJson(text.slice(from, to));
  // Of a name that is given twice the last counts, as everywhere in JSON.
  const members = new Map(parts.map((part) => [part.key, part]));
  const named = (key: string): unknown => {
    const part = members.get(key);
    return part === undefined ? undefined : parsed(part);
  };
  const guess = (): AdvisoryFormat => {
    if (kind === 'array') return 'osv';
    if (members.has('modified') && typeof named('id') === 'string') return 'osv';
    if (Array.isArray(named('notices'))) return 'usn';
    const [first] = parts;
    const value = first === undefined ? undefined : parsed(first);
    return isObject(value) && isObject(value.releases) && typeof value.id === 'string'
      ? 'usn'
      : 'debian-tracker';
  };
  const format = wanted ?? guess();
  const into = new Collector();
  const each = async (
    some: Iterable<JsonPart>,
    total: number,
    take: (value: unknown, key: string) => void,
  ) => {
    let done = 0;
    for (const part of some) {
      take(parsed(part), part.key ?? '');
      done += 1;
      progress(done, total);
      await turn(part.to - part.from);
    }
  };
  switch (format) {
    case 'osv':
      if (kind === 'object') readOsv(parseAdvisoryJson(text), into, now);
      else {
        if (parts.length > MAX_ADVISORIES) throw new Refused('it has more advisories than Frostline takes');
        await each(parts, parts.length, (one) => readOsv(one, into, now));
      }
      break;
    case 'debian-tracker': {
      const tracker = debianTracker(into);
      if (kind === 'array') throw new Refused('it is no export of the Debian security tracker: it is a list');
      await each(members.values(), members.size, (faults, name) => tracker.add(name, faults));
      await tracker.end(turn);
      break;
    }
    case 'usn':
      if (kind === 'array')
        throw new Refused('it is no list of Ubuntu security notices: it is a list of something else');
      if (members.has('notices')) readUsnPage(parseAdvisoryJson(text), into, now);
      else
        await each(members.values(), members.size, (notice, name) => readUsnNotice(name, notice, into, now));
      break;
    case 'updateinfo':
      throw new Refused('updateinfo is XML, and this is JSON');
  }
  if (into.advisories.length === 0 && into.skipped === 0) throw new Refused('it holds no advisory');
  return into.file(format, format === 'debian-tracker');
};
