/**
 * Reads an Ansible inventory in INI form: hosts with ranges, groups, children, variables with Ansible's precedence (all,
 * outer groups, inner groups, host). Groups become tags. Passwords in an inventory are never taken over.
 */

import { fail, ok, type Result } from '../../../../shared/errors.ts';
import { TagKey } from '../../../../shared/model/host.ts';
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

type Vars = Map<string, string>;
type Tree = {
  hosts: Map<string, Vars>;
  /** Host → groups it stands in itself. */
  groups: Map<string, Set<string>>;
  /** Group → groups it is a part of. */
  parents: Map<string, Set<string>>;
  vars: Map<string, Vars>;
  /** Names that lines with hosts came to, also those said before. */
  named: number;
};

/** Groups around one host, and how deep they lie in each other; each host's are gone through one by one. */
const MAX_GROUPS = 500;
const MAX_NESTING = 100;
/** A host may stand in many groups; but not this often in all. */
const MAX_NAMED = 20 * MAX_HOSTS;

class TooMany extends Error {
  constructor(what = `expands to more than ${MAX_HOSTS} hosts`) {
    super(what);
  }
}
const tooManyGroups = () =>
  new TooMany(`puts a host into more than ${MAX_GROUPS} groups, or nests more than ${MAX_NESTING} of them`);

const entry = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
};

const rangeOf = (inner: string): string[] | undefined => {
  const numbers = /^(\d{1,6}):(\d{1,6})(?::(\d{1,4}))?$/.exec(inner);
  const letters = /^([A-Za-z]):([A-Za-z])(?::(\d{1,4}))?$/.exec(inner);
  const [, from, to, by] = numbers ?? letters ?? [];
  if (from === undefined || to === undefined) return undefined;
  const read = (text: string): number => (numbers === null ? text.charCodeAt(0) : Number(text));
  const write = (n: number): string =>
    numbers === null
      ? String.fromCharCode(n)
      : from.startsWith('0')
        ? String(n).padStart(from.length, '0')
        : String(n);
  const step = Math.max(1, Number(by ?? 1));
  const count = Math.floor((read(to) - read(from)) / step) + 1;
  if (count > MAX_HOSTS) throw new TooMany();
  return Array.from({ length: Math.max(0, count) }, (_, index) => write(read(from) + index * step));
};

/** `web[01:10].example` → ten names; brackets that hold no range stay. */
export const expandRanges = (pattern: string): string[] => {
  let names = [''];
  for (const part of pattern.split(/(\[[^[\]]*\])/)) {
    const range = part.startsWith('[') ? rangeOf(part.slice(1, -1)) : undefined;
    const choices = range ?? [part];
    if (names.length * choices.length > MAX_HOSTS) throw new TooMany();
    names = names.flatMap((name) => choices.map((choice) => name + choice));
  }
  return names;
};

const assignment = (text: string): [string, string] | undefined => {
  const equals = text.indexOf('=');
  return equals <= 0 ? undefined : [text.slice(0, equals).trim(), text.slice(equals + 1).trim()];
};

const addHosts = (tree: Tree, group: string, words: string[]): void => {
  const [pattern = '', ...rest] = words;
  const names = expandRanges(pattern);
  tree.named += names.length;
  if (tree.named > MAX_NAMED) throw new TooMany();
  for (const expanded of names) {
    const withPort = /^([^:]+):(\d+)$/.exec(expanded);
    const name = withPort?.[1] ?? expanded;
    const vars = entry(tree.hosts, name, () => new Map());
    if (tree.hosts.size > MAX_HOSTS) throw new TooMany();
    entry(tree.groups, name, () => new Set<string>()).add(group);
    if (withPort?.[2] !== undefined) vars.set('ansible_port', withPort[2]);
    for (const word of rest) {
      const pair = assignment(word);
      if (pair !== undefined) vars.set(...pair);
    }
  }
};

const readTree = (text: string, skip: (name: string, reason: string) => void): Tree => {
  const tree: Tree = { hosts: new Map(), groups: new Map(), parents: new Map(), vars: new Map(), named: 0 };
  let group = 'ungrouped';
  let kind = '';
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const section = /^\[([^\]:]+)(?::([a-z]+))?\]\s*(?:#.*)?$/.exec(line);
    if (section !== null) {
      group = (section[1] ?? '').trim();
      kind = section[2] ?? '';
      if (kind !== '' && kind !== 'vars' && kind !== 'children') skip(line, 'A section of an unknown kind.');
      continue;
    }
    if (kind === '') addHosts(tree, group, wordsOf(line, '#'));
    else if (kind === 'children')
      entry(tree.parents, wordsOf(line, '#')[0] ?? '', () => new Set<string>()).add(group);
    else if (kind === 'vars') {
      const pair = assignment(line);
      if (pair === undefined) skip(line, 'Not an assignment.');
      else entry(tree.vars, group, () => new Map()).set(pair[0], wordsOf(pair[1], '#').join(' '));
    }
  }
  return tree;
};

/** Every group a host is in, outermost first, with how deep it lies; a circle of groups ends where it closes. */
const groupsOf = (tree: Tree, host: string): string[] => {
  const depths = new Map<string, number>();
  const climb = (group: string, seen: ReadonlySet<string>): number => {
    const known = depths.get(group);
    if (known !== undefined || seen.has(group)) return known ?? 0;
    if (seen.size >= MAX_NESTING || depths.size >= MAX_GROUPS) throw tooManyGroups();
    const parents = [...(tree.parents.get(group) ?? [])].filter((parent) => parent !== 'all');
    const depth = 1 + Math.max(0, ...parents.map((parent) => climb(parent, new Set([...seen, group]))));
    depths.set(group, depth);
    return depth;
  };
  for (const group of tree.groups.get(host) ?? []) climb(group, new Set());
  return [...depths]
    .sort(([a, deepA], [b, deepB]) => deepA - deepB || (a < b ? -1 : 1))
    .map(([group]) => group)
    .filter((group) => group !== 'all' && group !== 'ungrouped');
};

const jumpFrom = (args: string): Candidate['jump'] | undefined => {
  const words = wordsOf(args);
  for (const [index, word] of words.entries()) {
    const option = word === '-o' ? (words[index + 1] ?? '') : word.startsWith('-o') ? word.slice(2) : '';
    if (/^ProxyCommand[= ]/i.test(option))
      throw new Unusable('It uses ProxyCommand; only ProxyJump is known.');
    const jump = /^ProxyJump[= ](.*)$/i.exec(option)?.[1] ?? (word === '-J' ? words[index + 1] : undefined);
    if (jump !== undefined) return jumpOf(jump.trim());
    if (/^-J./.test(word)) return jumpOf(word.slice(2));
  }
  return undefined;
};

const yes = (text: string | undefined): boolean => /^(true|yes|on|1|y|t)$/i.test(text ?? '');

const candidateOf = (name: string, vars: Vars, tags: Record<string, string>): Candidate => {
  const first = (...keys: string[]): string | undefined => {
    const value = keys.map((key) => vars.get(key)).find((each) => each !== undefined && each !== '');
    if (value?.includes('{{'))
      throw new Unusable(`“${shown(value, 80)}” is a template, which is not worked out here.`);
    return value;
  };
  const connection = first('ansible_connection') ?? 'ssh';
  if (!['ssh', 'smart', 'paramiko', 'paramiko_ssh', 'ansible.builtin.ssh'].includes(connection))
    throw new Unusable(`Its connection is “${shown(connection, 40)}”; only ssh is known.`);
  const become = yes(first('ansible_become', 'ansible_sudo'));
  const method = first('ansible_become_method') ?? 'sudo';
  const becomeUser = first('ansible_become_user') ?? 'root';
  if (become && (!['sudo', 'ansible.builtin.sudo'].includes(method) || becomeUser !== 'root'))
    throw new Unusable(
      `It becomes ${shown(becomeUser, 40)} by ${shown(method, 40)}; only root by sudo is known.`,
    );
  const password = ['ansible_become_password', 'ansible_become_pass', 'ansible_sudo_pass'].some((key) =>
    vars.has(key),
  );
  const port = first('ansible_port', 'ansible_ssh_port');
  const user = first('ansible_user', 'ansible_ssh_user');
  const key = first('ansible_ssh_private_key_file', 'ansible_private_key_file');
  const jump = jumpFrom(`${first('ansible_ssh_common_args') ?? ''} ${first('ansible_ssh_extra_args') ?? ''}`);
  return {
    name,
    address: first('ansible_host', 'ansible_ssh_host') ?? name,
    tags,
    ...(port === undefined ? {} : { port: portOf(port) }),
    ...(user === undefined ? {} : { user }),
    ...(key === undefined ? {} : { auth: { kind: 'key', keyFile: key } }),
    ...(become && user !== 'root' ? { sudo: password ? 'password' : 'nopasswd' } : {}),
    ...(jump === undefined ? {} : { jump }),
  };
};

/** Errors: `input.too-large` where ranges expand to more hosts than anybody has. */
export const readAnsibleIni = (text: string): Result<Inventory> => {
  const skipped = new Map<string, Skipped>();
  const skip = (name: string, reason: string): void => {
    skipped.set(`${name}\n${reason}`, { name: shown(name), reason });
  };
  try {
    const tree = readTree(text, skip);
    const candidates: Candidate[] = [];
    for (const [name, own] of tree.hosts) {
      const groups = groupsOf(tree, name);
      const layers = ['all', ...groups].map((group) => tree.vars.get(group) ?? new Map<string, string>());
      const tags: Record<string, string> = {};
      for (const group of groups)
        if (TagKey.safeParse(group).success) tags[group] = '';
        else skip(group, 'A group whose name cannot be a tag; its hosts come without it.');
      try {
        candidates.push(candidateOf(name, new Map([...layers, own].flatMap((layer) => [...layer])), tags));
      } catch (problem) {
        if (!(problem instanceof Unusable)) throw problem;
        skip(name, problem.message);
      }
    }
    return ok({ candidates, skipped: [...skipped.values()] });
  } catch (problem) {
    if (!(problem instanceof TooMany)) throw problem;
    return fail('input.too-large', `The inventory ${problem.message}.`);
  }
};
