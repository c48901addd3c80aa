/** What an inventory file says of a host, before it is checked against the fleet. */
import type { SudoMode } from '../../../../shared/model/host.ts';

/** A field that is absent was not said: a known host keeps what it has. */
export type Candidate = {
  name: string;
  address: string;
  port?: number;
  user?: string;
  /** `agent` where the file says that no key file is meant. */
  auth?: { kind: 'key'; keyFile: string } | { kind: 'agent' };
  sudo?: SudoMode;
  environment?: string;
  tags: Record<string, string>;
  jump?: JumpWish;
  legacyAlgorithms?: boolean;
  note?: string;
};

/** The host to go through as the file writes it: a name of the file or the fleet, or an address. `null`: none. */
export type JumpWish = { host: string; user?: string; port?: number } | null;

export type Skipped = { name: string; reason: string };
export type Inventory = { candidates: Candidate[]; skipped: Skipped[] };

/** A file that names more is not an inventory. */
export const MAX_HOSTS = 10_000;

/** Thrown by a reader for one host: it is skipped with this reason, the others go on. */
export class Unusable extends Error {}

/** File content shown in a message: one line, no control characters, not longer than `max`. */
export const shown = (text: string, max = 200): string => {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return line.length > max ? `${line.slice(0, max - 1)}…` : line;
};

export const portOf = (text: string): number => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new Unusable(`“${shown(text, 20)}” is not a port.`);
  return port;
};

/** `[user@]host[:port]`, `ssh://…`, `none`. */
export const jumpOf = (text: string): JumpWish => {
  if (text.toLowerCase() === 'none') return null;
  if (text.includes(','))
    throw new Unusable(
      `It goes through several hosts (${shown(text)}): give each of them its own jump host.`,
    );
  const bare = text.replace(/^ssh:\/\//, '');
  const at = bare.lastIndexOf('@');
  const rest = bare.slice(at + 1);
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(rest);
  const plain = /^([^:]*)(?::([^:]*))?$/.exec(rest);
  const found = bracketed ?? plain;
  const host = found === null ? rest : (found[1] ?? '');
  if (host === '') throw new Unusable(`“${shown(text)}” is not a jump host.`);
  return {
    host,
    ...(at > 0 ? { user: bare.slice(0, at) } : {}),
    ...(found?.[2] === undefined ? {} : { port: portOf(found[2]) }),
  };
};

/**
 * Splits a line into words as a shell would: blanks part them, quotes keep them together, a backslash in double quotes
 * takes the next character as it is. `comment` begins a comment where a word could begin.
 */
export const wordsOf = (line: string, comment?: string): string[] => {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < line.length; at += 1) {
    const symbol = line.charAt(at);
    if (quote !== undefined) {
      if (symbol === quote) quote = undefined;
      else if (symbol === '\\' && quote === '"' && at + 1 < line.length) {
        at += 1;
        word += line.charAt(at);
      } else word += symbol;
    } else if (symbol === '"' || symbol === "'") {
      quote = symbol;
      word ??= '';
    } else if (/\s/.test(symbol)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (word === undefined && symbol === comment) break;
    else word = (word ?? '') + symbol;
  }
  if (word !== undefined) words.push(word);
  return words;
};
