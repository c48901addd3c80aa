/** Reads hosts from a table (RFC 4180; comma, semicolon or tab) whose first line names the columns. */
import { fail, ok, type Result } from '../../../../shared/errors.ts';
import { SudoMode } from '../../../../shared/model/host.ts';
import {
  type Candidate,
  type Inventory,
  jumpOf,
  MAX_HOSTS,
  portOf,
  type Skipped,
  shown,
  Unusable,
} from './candidate.ts';

const COLUMNS = [
  'name',
  'address',
  'port',
  'user',
  'key',
  'sudo',
  'environment',
  'tags',
  'jump',
  'legacy',
  'note',
] as const;
type Column = (typeof COLUMNS)[number];

/** Names people give these columns. */
const ALIASES: Record<string, Column> = {
  host: 'name',
  hostname: 'name',
  ip: 'address',
  username: 'user',
  'key file': 'key',
  keyfile: 'key',
  identityfile: 'key',
  env: 'environment',
  'jump host': 'jump',
  proxyjump: 'jump',
  legacyalgorithms: 'legacy',
  comment: 'note',
};

const columnOf = (title: string): Column | undefined => {
  const word = title.trim().toLowerCase();
  return (
    COLUMNS.find((column) => column === word) ?? (Object.hasOwn(ALIASES, word) ? ALIASES[word] : undefined)
  );
};

/** Undefined where a quoted field never ends. */
const rowsOf = (text: string, separator: string): string[][] | undefined => {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let quoted = false;
  const endRow = (): void => {
    row.push(field);
    field = '';
    if (row.some((each) => each.trim() !== '')) rows.push(row);
    row = [];
  };
  for (let at = 0; at < text.length; at += 1) {
    const symbol = text.charAt(at);
    if (quoted) {
      if (symbol !== '"') field += symbol;
      else if (text.charAt(at + 1) === '"') {
        field += '"';
        at += 1;
      } else quoted = false;
    } else if (symbol === '"' && field.trim() === '') {
      quoted = true;
      field = '';
    } else if (symbol === separator) {
      row.push(field);
      field = '';
    } else if (symbol === '\n') endRow();
    else if (symbol !== '\r') field += symbol;
  }
  if (quoted) return undefined;
  endRow();
  return rows;
};

const tagsOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split(/[\s,;]+/)
      .filter((word) => word !== '')
      .map((word) => {
        const [key = '', ...value] = word.split(/[=:]/);
        return [key, value.join('=')];
      }),
  );

const candidateOf = (cell: (column: Column) => string): Candidate => {
  const sudo = cell('sudo') === '' ? undefined : SudoMode.safeParse(cell('sudo').toLowerCase());
  if (sudo?.success === false)
    throw new Unusable(`sudo is none, nopasswd or password, not “${shown(cell('sudo'), 40)}”.`);
  const legacy = cell('legacy').toLowerCase();
  if (!['', 'yes', 'no', 'true', 'false', '1', '0'].includes(legacy))
    throw new Unusable(`legacy is yes or no, not “${shown(legacy, 40)}”.`);
  const key = cell('key');
  return {
    name: cell('name'),
    address: cell('address') === '' ? cell('name') : cell('address'),
    tags: tagsOf(cell('tags')),
    ...(cell('port') === '' ? {} : { port: portOf(cell('port')) }),
    ...(cell('user') === '' ? {} : { user: cell('user') }),
    ...(key === '' ? {} : { auth: key === 'agent' ? { kind: 'agent' } : { kind: 'key', keyFile: key } }),
    ...(sudo?.data === undefined ? {} : { sudo: sudo.data }),
    ...(cell('environment') === '' ? {} : { environment: cell('environment') }),
    ...(cell('jump') === '' ? {} : { jump: jumpOf(cell('jump')) }),
    ...(legacy === '' ? {} : { legacyAlgorithms: ['yes', 'true', '1'].includes(legacy) }),
    ...(cell('note') === '' ? {} : { note: cell('note') }),
  };
};

/** Errors: `input.invalid` for a table without a name column, or one whose quotes do not end. */
export const readCsv = (text: string): Result<Inventory> => {
  const firstLine = text.slice(0, Math.max(0, text.indexOf('\n')) || text.length);
  const separator = [',', ';', '\t'].reduce((best, each) =>
    firstLine.split(each).length > firstLine.split(best).length ? each : best,
  );
  const rows = rowsOf(text, separator);
  if (rows === undefined) return fail('input.invalid', 'A quoted field of the table never ends.');
  const [titles = [], ...lines] = rows;
  const columns = titles.map(columnOf);
  if (!columns.includes('name'))
    return fail('input.invalid', 'The first line of the table names no column “name”.', {
      hint: `Known columns: ${COLUMNS.join(', ')}.`,
    });
  const skipped: Skipped[] = titles
    .filter((title, index) => columns[index] === undefined && title.trim() !== '')
    .map((title) => ({
      name: shown(`column ${title}`),
      reason: /pass|secret/i.test(title)
        ? 'Passwords are not taken from files; give them to each host.'
        : 'Not a column that is known.',
    }));
  const candidates: Candidate[] = [];
  const seen = new Set<string>();
  for (const line of lines) {
    const cell = (column: Column): string => (line[columns.indexOf(column)] ?? '').trim();
    const name = cell('name');
    try {
      if (name === '') throw new Unusable('A line without a name.');
      if (seen.has(name.toLowerCase())) throw new Unusable('The name stands in an earlier line.');
      seen.add(name.toLowerCase());
      candidates.push(candidateOf(cell));
      // The caller refuses so many; the rest need not be read.
      if (candidates.length > MAX_HOSTS) break;
    } catch (problem) {
      if (!(problem instanceof Unusable)) throw problem;
      skipped.push({ name: shown(name === '' ? line.join(separator) : name), reason: problem.message });
    }
  }
  return ok({ candidates, skipped });
};
