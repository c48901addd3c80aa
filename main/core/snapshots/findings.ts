/** Findings on one entry, as they come together: how they are said, and the edits that mend them. Pure. */
import type { Edit, EntryWarning } from '../../../shared/contract/snapshots.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { entryLabel } from './edit.ts';

export type Code = EntryWarning['code'];
export type Fix = { fix: Edit[]; fixLabel: string };

const LEVELS: Record<Code, EntryWarning['level']> = {
  'unknown-version': 'error',
  'needs-package': 'error',
  'rejected-dependency': 'error',
  'wrong-order': 'error',
  conflict: 'error',
  'not-installed-anywhere': 'warning',
  downgrade: 'warning',
  'removes-package': 'warning',
  duplicate: 'warning',
};

const MOST_HOSTS = 20;
const MOST_PACKAGES = 50;

export const hostList = (hosts: readonly string[]): string =>
  hosts.length <= 3 ? hosts.join(', ') : `${hosts.slice(0, 3).join(', ')} and ${hosts.length - 3} more`;

export const nameList = (names: Iterable<string>): string => {
  const all = [...new Set(names)].sort();
  return all.length <= 8 ? all.join(', ') : `${all.slice(0, 8).join(', ')} and ${all.length - 8} more`;
};

/** Names an entry in an edit without any doubt. */
export const targetOf = (entry: Entry): Pick<Edit, 'ecosystem' | 'name' | 'arch'> => ({
  ecosystem: entry.ecosystem,
  name: entry.name,
  ...(entry.arch === undefined ? {} : { arch: entry.arch }),
});

export class Findings {
  readonly list: EntryWarning[] = [];

  add(
    entry: Entry,
    code: Code,
    message: string,
    o: { hosts: readonly string[]; packages?: readonly string[] } & Partial<Fix>,
  ): void {
    this.list.push({
      ...targetOf(entry),
      ecosystem: entry.ecosystem,
      code,
      level: LEVELS[code],
      message: `${entryLabel(entry)} ${entry.version}: ${message}`.slice(0, 1000),
      hosts: o.hosts.slice(0, MOST_HOSTS),
      hostCount: o.hosts.length,
      packages: [...new Set(o.packages ?? [])].sort().slice(0, MOST_PACKAGES),
      ...(o.fix === undefined ? {} : { fix: o.fix, fixLabel: (o.fixLabel ?? '').slice(0, 400) }),
    });
  }

  /** Another version in the entry's place. */
  use(entry: Entry, version: string): Fix {
    return {
      fix: [{ kind: 'add', ...targetOf(entry), version }],
      fixLabel: `Use ${entryLabel(entry)} ${version}, which is offered`,
    };
  }

  remove(entry: Entry): Fix {
    return { fix: [{ kind: 'remove', ...targetOf(entry) }], fixLabel: `Remove ${entryLabel(entry)}` };
  }

  reject(entry: Entry): Fix {
    return {
      fix: [{ kind: 'decide', ...targetOf(entry), decision: 'reject' }],
      fixLabel: `Reject ${entryLabel(entry)}`,
    };
  }

  move(entry: Entry, stage: number): Fix {
    return {
      fix: [{ kind: 'stage', ...targetOf(entry), stage }],
      fixLabel: `Move ${entryLabel(entry)} to stage ${stage}`,
    };
  }
}
