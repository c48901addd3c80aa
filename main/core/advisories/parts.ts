/**
 * Where the members of a JSON text's outermost array or object are, so that a text of hundreds of megabytes can be parsed one
 * member after another. What lies between them is checked here, and they themselves by whoever parses them: both together
 * take exactly what `JSON.parse` takes.
 */
import type { Turn } from '../turns.ts';
import { Refused } from './read.ts';

export type JsonPart = { key?: string; from: number; to: number };
export type JsonParts = { kind: 'array' | 'object'; parts: JsonPart[] };

const MAX_PARTS = 1_000_000;
/** So many characters are looked at in one go. */
const STRIDE = 256 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = { array: 0x5b, object: 0x7b };
const CLOSE = { array: 0x5d, object: 0x7d };
const COMMA = 0x2c;
const COLON = 0x3a;

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
const isOpening = (code: number): boolean => code === OPEN.array || code === OPEN.object;
const isClosing = (code: number): boolean => code === CLOSE.array || code === CLOSE.object;

/** Throws a SyntaxError, as `JSON.parse` does, and `Refused` beyond the limit. Undefined: the outermost value is no array or object. */
export const jsonParts = async (text: string, turn: Turn): Promise<JsonParts | undefined> => {
  const cutOff = (): never => {
    throw new SyntaxError('not JSON, or cut off');
  };
  let told = 0;
  const rest = async (at: number) => {
    const units = at - told;
    told = at;
    await turn(units);
  };
  const space = (at: number): number => {
    let end = at;
    while (isSpace(text.charCodeAt(end))) end += 1;
    return end;
  };
  /** `at` is at the quote; gives the place after the closing one. */
  const string = (at: number): number => {
    let end = at + 1;
    for (;;) {
      const code = text.charCodeAt(end);
      if (Number.isNaN(code)) cutOff();
      if (code === QUOTE) return end + 1;
      end += code === BACKSLASH ? 2 : 1;
    }
  };
  const value = async (at: number): Promise<number> => {
    let depth = 0;
    let end = at;
    for (;;) {
      if (end - told > STRIDE) await rest(end);
      const code = text.charCodeAt(end);
      if (Number.isNaN(code)) return depth === 0 && end > at ? end : cutOff();
      if (code === QUOTE) end = string(end);
      else if (isOpening(code)) {
        depth += 1;
        end += 1;
      } else if (isClosing(code)) {
        if (depth === 0) return end;
        depth -= 1;
        end += 1;
      } else if (depth === 0 && (code === COMMA || isSpace(code))) return end;
      else {
        end += 1;
        continue;
      }
      if (depth === 0) return end;
    }
  };

  let at = space(0);
  const kind = text.charCodeAt(at) === OPEN.array ? 'array' : 'object';
  if (text.charCodeAt(at) !== OPEN[kind]) return undefined;
  const parts: JsonPart[] = [];
  at = space(at + 1);
  if (text.charCodeAt(at) === CLOSE[kind]) at += 1;
  else
    for (;;) {
      let key: string | undefined;
      if (kind === 'object') {
        if (text.charCodeAt(at) !== QUOTE) cutOff();
        const end = string(at);
        key = JSON.parse(text.slice(at, end)) as string;
        at = space(end);
        if (text.charCodeAt(at) !== COLON) cutOff();
        at = space(at + 1);
      }
      const to = await value(at);
      if (to === at) cutOff();
      if (parts.length >= MAX_PARTS) throw new Refused('it has more parts than Frostline takes');
      parts.push(key === undefined ? { from: at, to } : { key, from: at, to });
      at = space(to);
      const code = text.charCodeAt(at);
      at += 1;
      if (code === CLOSE[kind]) break;
      if (code !== COMMA) cutOff();
      at = space(at);
    }
  return space(at) === text.length ? { kind, parts } : cutOff();
};
