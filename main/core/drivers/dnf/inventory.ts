/** What rpm has installed and what dnf marked, out of a program's records. Pure. */
import { z } from 'zod';
import { Text } from '../../../../shared/model/primitives.ts';
import { Facts } from '../../../../shared/model/scan.ts';
import { Row } from '../rpm/rows.ts';
import { plainLine } from '../shell.ts';
import type { Answer, Line } from './program.ts';

export type Inventory = {
  rows: Row[];
  /** Records that were not understood; they are not in `rows`. */
  malformed: number;
  /** dnf told marks and locks too; else every package counts as wanted and free. */
  marks: boolean;
};

export function readInventory(answer: Answer): Inventory {
  const rows: Row[] = [];
  let malformed = 0;
  for (const line of answer.of('pkg')) {
    const row = Row.safeParse(line);
    if (row.success) rows.push(row.data);
    else malformed++;
  }
  rows.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.arch < b.arch ? -1 : 1));
  const failed = (line: Line) => line.what === 'dnf' || line.what === 'history';
  return { rows, malformed, marks: ![...answer.of('fault'), ...answer.of('unread')].some(failed) };
}

const Broken = Facts.shape.broken.element;

/** Packages in two versions, and a transaction that never ended; not while another process is at work. */
export function readBroken(answer: Answer, lock: Facts['lock']): Facts['broken'] {
  if (lock.held) return [];
  return answer.of('broken').flatMap((line) => {
    const one = Broken.safeParse({ name: line.name, state: plainLine(String(line.state), 200) });
    return one.success ? [one.data] : [];
  });
}

const Holder = z.object({ pid: z.int().positive(), command: z.string() });

export function readLock(answer: Answer): Facts['lock'] {
  const found = Holder.safeParse(answer.of('lock')[0]);
  if (!found.success) return { held: false };
  const command = plainLine(found.data.command, 400);
  return { held: true, holder: `pid ${found.data.pid}${command === '' ? '' : ` (${command})`}` };
}

const Restart = z.object({ code: z.int(), names: z.array(Text(300)).max(500) });

/** needs-restarting's word: only exit code 1 means yes. Undefined where it was not there to be asked. */
export function readRestart(answer: Answer): { required: boolean; reasons: string[] } | undefined {
  const found = Restart.safeParse(answer.of('restart')[0]);
  if (!found.success || found.data.code > 1 || found.data.code < 0) return undefined;
  const required = found.data.code === 1;
  return { required, reasons: required ? [...new Set(found.data.names)] : [] };
}
