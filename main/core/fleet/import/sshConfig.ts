/**
 * Reads hosts from an OpenSSH client configuration (ssh_config(5)). As there, the first value found for a keyword counts,
 * and settings of patterns apply to the hosts they match. `Match` and `Include` are not followed, and said so.
 */
import { fail, ok, type Result } from '../../../../shared/errors.ts';
import { matchesGlob } from '../glob.ts';
import {
  type Candidate,
  type Inventory,
  jumpOf,
  MAX_HOSTS,
  portOf,
  type Skipped,
  shown,
  Unusable,
  wordsOf,
} from './candidate.ts';

type Block = { patterns: string[]; settings: Map<string, string[]> };

/** Every host is held against every pattern: more of them than anybody writes are refused, as are longer ones than a name. */
const MAX_PATTERNS = 2000;
const MAX_PATTERN_LENGTH = 255;

const isPattern = (word: string): boolean => /[*?!]/.test(word);

const applies = (block: Block, alias: string): boolean => {
  const denied = block.patterns.some((p) => p.startsWith('!') && matchesGlob(p.slice(1), alias));
  return !denied && block.patterns.some((p) => !p.startsWith('!') && matchesGlob(p, alias));
};

/** Finds an alias's blocks, in the order of the file, without trying those that name other hosts only. */
const blockFinder = (blocks: Block[]): ((alias: string) => Block[]) => {
  const always: number[] = [];
  const named = new Map<string, number[]>();
  for (const [index, block] of blocks.entries())
    if (block.patterns.some(isPattern)) always.push(index);
    else
      for (const pattern of block.patterns) {
        const there = named.get(pattern.toLowerCase());
        if (there === undefined) named.set(pattern.toLowerCase(), [index]);
        else there.push(index);
      }
  return (alias) =>
    [...new Set([...always, ...(named.get(alias.toLowerCase()) ?? [])])]
      .sort((a, b) => a - b)
      .flatMap((index) => blocks[index] ?? [])
      .filter((block) => applies(block, alias));
};

const settingsOf = (blocks: Block[]): Map<string, string[]> => {
  const found = new Map<string, string[]>();
  for (const block of blocks)
    for (const [key, words] of block.settings) if (!found.has(key)) found.set(key, words);
  return found;
};

const addressOf = (hostName: string, alias: string): string => {
  const address = hostName.replaceAll(/%[%h]/g, (token) => (token === '%h' ? alias : '%'));
  if (address.includes('%') && !address.includes(':'))
    throw new Unusable(`Its HostName (${shown(hostName)}) holds a token that cannot be told here.`);
  return address;
};

const candidateOf = (alias: string, blocks: Block[]): Candidate => {
  const settings = settingsOf(blocks);
  const first = (key: string): string | undefined => settings.get(key)?.[0];
  const command = first('proxycommand');
  const jump = first('proxyjump');
  if (jump === undefined && command !== undefined && command.toLowerCase() !== 'none')
    throw new Unusable('It uses ProxyCommand; only ProxyJump is known.');
  const port = first('port');
  const user = first('user');
  const key = first('identityfile');
  return {
    name: alias,
    address: addressOf(first('hostname') ?? alias, alias),
    tags: {},
    ...(port === undefined ? {} : { port: portOf(port) }),
    ...(user === undefined ? {} : { user }),
    ...(key === undefined
      ? {}
      : { auth: key.toLowerCase() === 'none' ? { kind: 'agent' } : { kind: 'key', keyFile: key } }),
    ...(jump === undefined ? {} : { jump: jumpOf(jump) }),
  };
};

const tooLarge = (what: string): Result<never> =>
  fail('input.too-large', `The file names more than ${what}.`);

/** Errors: `input.too-large` for more hosts or patterns than a configuration has. */
export const readSshConfig = (text: string): Result<Inventory> => {
  const blocks: Block[] = [{ patterns: ['*'], settings: new Map() }];
  const aliases = new Set<string>();
  const skipped = new Map<string, Skipped>();
  let patterns = 0;
  const skip = (name: string, reason: string): void => {
    skipped.set(`${name}\n${reason}`, { name: shown(name), reason });
  };
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    const found = /^([A-Za-z]+)(?:\s*=\s*|\s+)(.*)$/.exec(line);
    if (line.startsWith('#') || found === null) continue;
    const key = (found[1] ?? '').toLowerCase();
    const words = wordsOf(found[2] ?? '', '#');
    if (key === 'host') {
      patterns += words.filter(isPattern).length;
      if (patterns > MAX_PATTERNS || words.some((word) => word.length > MAX_PATTERN_LENGTH))
        return tooLarge(`${MAX_PATTERNS} patterns, or one of more than ${MAX_PATTERN_LENGTH} characters`);
      blocks.push({ patterns: words, settings: new Map() });
      for (const word of words)
        if (!isPattern(word)) aliases.add(word);
        else if (!word.startsWith('!'))
          skip(word, 'A pattern, not a host; its settings count for the hosts it matches.');
    } else if (key === 'match') {
      // A condition that cannot be judged here: nothing below it is taken.
      blocks.push({ patterns: [], settings: new Map() });
      skip(line, 'Match is not judged here; what stands under it is left out.');
    } else if (key === 'include') skip(line, 'Include is not followed; import that file by itself.');
    else {
      const settings = blocks.at(-1)?.settings;
      if (settings !== undefined && words.length > 0 && !settings.has(key)) settings.set(key, words);
    }
  }
  if (aliases.size > MAX_HOSTS) return tooLarge(`${MAX_HOSTS} hosts`);
  const blocksOf = blockFinder(blocks);
  const candidates: Candidate[] = [];
  for (const alias of aliases)
    try {
      candidates.push(candidateOf(alias, blocksOf(alias)));
    } catch (problem) {
      if (!(problem instanceof Unusable)) throw problem;
      skip(alias, problem.message);
    }
  return ok({ candidates, skipped: [...skipped.values()] });
};
