/** docs/faults.md, made from the rows: what the table says is what the matrix proves. */
import { endingOf, GROUPS, nextOf, type Row } from './matrix.ts';
import type { SideName } from './sides.ts';

const SIDES: readonly SideName[] = ['apt', 'dnf', 'zypper'];

const INTRODUCTION = `# Faults, and what becomes of them

Every row is a fault that an admin meets, put on a real host in the middle of a real run, and what came of it: the task's final
state, what the admin reads, what the host's own package manager says about the packages of the run, and what the next command
does. Each is proven by a test on a fresh host (\`test/lab/faults\`), which also replays the run's event log and compares. This
file is generated from the very rows of that test; the test fails where the two differ.

- **State**: the task's final state; *not started*: the command says no before there is a run.
- **Packages**: *old*: as before the run, with marks, holds and configuration files. *new*: as the snapshot says. *half*: in the
  middle, and shown as such. *mixed*: some old, some new, each of them well.
- **Next**: \`run\`: the same run anew; \`retry\`, \`rollback\`: \`runs retry\`, \`runs rollback\`.
- **✓**: played on such a host; –: not played there. A fault of the connection or the login is played with one or two managers,
  whose part in it is the same.
- In messages HOST is the host's name, and … stands for what differs from one time to the next.
`;

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const message = (text: string | undefined, shows: string | undefined): string =>
  [shows === undefined ? '' : `*waits for* ${shows}`, text ?? ''].filter((part) => part !== '').join('<br>');

const nextText = (row: Row, side: SideName): string => {
  const next = nextOf(row, side);
  const after = next.after === undefined ? '' : `${next.after}; `;
  const said = next.message === undefined ? '' : `: ${next.message}`;
  return `${after}\`${next.by}\`: ${next.state}, ${next.packages}${said}`;
};

const linesOf = (row: Row): string[] => {
  const told = row.on.map((side) => {
    const ending = endingOf(row, side);
    return [message(ending.message, row.shows), ending.state, ending.packages, nextText(row, side)];
  });
  // One line where the managers agree, else one for each.
  const same = told.every((one) => JSON.stringify(one) === JSON.stringify(told[0]));
  const groups = same ? [row.on] : row.on.map((side) => [side]);
  return groups.map((sides, index) => {
    const [said = '', state = '', packages = '', next = ''] = told[index] ?? [];
    const marks = SIDES.map((side) => (sides.includes(side) ? '✓' : '–'));
    return `| ${[row.fault, state, said, packages, next, ...marks].map(cell).join(' | ')} |`;
  });
};

export const faultsDocument = (rows: readonly Row[]): string => {
  const sections = GROUPS.flatMap((group) => {
    const own = rows.filter((row) => row.group === group);
    if (own.length === 0) return [];
    return [
      `\n## ${group}\n`,
      '| Fault | State | Message the admin sees | Packages | Next | apt | dnf | zypper |',
      '| --- | --- | --- | --- | --- | --- | --- | --- |',
      ...own.flatMap(linesOf),
    ];
  });
  const many = (sides: number): number => rows.filter((row) => row.on.length === sides).length;
  const count = `\n${rows.length} faults; ${many(3)} of them on apt, dnf and zypper hosts, ${many(2)} on two of those.\n`;
  return `${INTRODUCTION}${count}${sections.join('\n')}\n`;
};
