/** Which kind of inventory a file is, and reading it. */
import { fail, type Result } from '../../../../shared/errors.ts';
import { readAnsibleIni } from './ansible.ts';
import { type Inventory, MAX_HOSTS } from './candidate.ts';
import { readCsv } from './csv.ts';
import { readSshConfig } from './sshConfig.ts';

export type Format = 'ssh-config' | 'ansible' | 'csv';

const isYaml = (text: string, fileName: string): boolean =>
  /\.ya?ml$/i.test(fileName) ||
  /^---\s*$/m.test(text.slice(0, 2000)) ||
  /^all:\s*$/m.test(text.slice(0, 2000));

/** Enough to tell by; and no expression below may have more of a hostile file to try itself on. */
const LOOKED_AT = 64 * 1024;

/** By the file's name, else by what it looks like. */
export const guessFormat = (text: string, fileName: string): Format | undefined => {
  const name = fileName.toLowerCase();
  if (name.endsWith('.csv') || name.endsWith('.tsv')) return 'csv';
  if (/\.(ini|ya?ml)$/.test(name)) return 'ansible';
  // Line by line: an expression that may go on into the next line tries every line as its beginning.
  const lines = text
    .slice(0, LOOKED_AT)
    .split('\n')
    .map((line) => line.trim());
  const some = (pattern: RegExp): boolean => lines.some((line) => pattern.test(line));
  if (some(/^Host\s+\S/i) && !some(/^\[/)) return 'ssh-config';
  if (some(/^\[[^\]]+\]$/) || some(/\sansible_[a-z_]+=/) || isYaml(text, name)) return 'ansible';
  const [first = ''] = text.slice(0, LOOKED_AT).split('\n');
  if (/\bname\b/i.test(first) && /[,;\t]/.test(first)) return 'csv';
  return undefined;
};

const readAs = (text: string, fileName: string, format: Format | undefined): Result<Inventory> => {
  const plain = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  if (plain.includes('\0')) return fail('input.invalid', 'The file is not text.');
  const kind = format ?? guessFormat(plain, fileName);
  switch (kind) {
    case 'ssh-config':
      return readSshConfig(plain);
    case 'csv':
      return readCsv(plain);
    case 'ansible':
      return isYaml(plain, fileName)
        ? fail('not-available', 'Ansible inventories in YAML are not read yet.', {
            hint: 'Give the inventory in INI form, or as CSV.',
          })
        : readAnsibleIni(plain);
    case undefined:
      return fail('input.invalid', 'It cannot be told what kind of inventory the file is.', {
        hint: 'Say which with --format ssh-config, ansible or csv.',
      });
  }
};

/** Errors: `input.invalid` for a file that is none of the formats, `input.too-large`, `not-available` for YAML. */
export const readInventory = (
  text: string,
  fileName: string,
  format: Format | undefined,
): Result<Inventory> => {
  const read = readAs(text, fileName, format);
  return read.ok && read.value.candidates.length > MAX_HOSTS
    ? fail('input.too-large', `The file names more than ${MAX_HOSTS} hosts.`)
    : read;
};
