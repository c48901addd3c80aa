/**
 * JSON as RFC 8259 writes it, without the freedoms it leaves: a key twice in one object, text that is no Unicode, numbers
 * beyond a double and deep nesting are refused. Two readers of one file must not see two different contents.
 */
import { err, ok, type Result } from '../../../shared/errors.ts';
import { atOnce, type Steps } from '../turns.ts';

/** `truncated`: the text ends in the middle. `offset`: UTF-16 units from the start. */
export type JsonProblem = { truncated: boolean; offset: number; message: string };

export type JsonLimits = { depth: number; values: number };

class Stop extends Error {
  readonly problem: JsonProblem;
  constructor(problem: JsonProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** Objects and lists end often enough: no value between two ends is long, but for one text. */
const STEP_CHARACTERS = 32 * 1024;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPES: Record<string, string> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

class Reader {
  readonly #text: string;
  readonly #limits: JsonLimits;
  #at = 0;
  #values = 0;
  #told = 0;

  constructor(text: string, limits: JsonLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  *document(): Steps<unknown> {
    this.#space();
    const value = yield* this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) this.#stop('goes on after its end');
    return value;
  }

  #stop(message: string): never {
    throw new Stop({ truncated: false, offset: this.#at, message });
  }

  /** What was expected is not there: either the text ended, or something else stands there. */
  #expected(what: string): never {
    if (this.#at < this.#text.length) this.#stop(`stops making sense where ${what} is expected`);
    throw new Stop({ truncated: true, offset: this.#at, message: 'ends in the middle' });
  }

  #space(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.#at++;
    }
  }

  *#value(depth: number): Steps<unknown> {
    if (!this.#isNested()) return this.#plain(depth);
    this.#count(depth);
    const value = this.#text[this.#at] === '{' ? yield* this.#object(depth) : yield* this.#array(depth);
    if (this.#at - this.#told < STEP_CHARACTERS) return value;
    yield this.#at - this.#told;
    this.#told = this.#at;
    return value;
  }

  #count(depth: number): void {
    if (depth > this.#limits.depth) this.#stop(`is nested more than ${this.#limits.depth} deep`);
    if (++this.#values > this.#limits.values) this.#stop(`holds more than ${this.#limits.values} values`);
  }

  /** What holds nothing: most values, for which a step of their own would cost more than they do. */
  #plain(depth: number): unknown {
    this.#count(depth);
    switch (this.#text[this.#at]) {
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #word<T>(word: string, value: T): T {
    for (const letter of word) {
      if (this.#text[this.#at] !== letter) this.#expected(`'${word}'`);
      this.#at++;
    }
    return value;
  }

  #number(): number {
    NUMBER.lastIndex = this.#at;
    const found = NUMBER.exec(this.#text)?.[0];
    if (found === undefined) {
      if (this.#text[this.#at] === '-') this.#at++;
      return this.#expected('a value');
    }
    const value = Number(found);
    if (!Number.isFinite(value)) this.#stop('holds a number out of range');
    this.#at += found.length;
    return value;
  }

  #string(): string {
    this.#at++;
    let out = '';
    let from = this.#at;
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (Number.isNaN(unit)) this.#expected('the end of a text');
      if (unit < 0x20) this.#stop('holds a control character in a text');
      if (unit === 0x22) break;
      if (unit === 0x5c) {
        out += this.#text.slice(from, this.#at);
        this.#at++;
        out += this.#escape();
        from = this.#at;
      } else this.#at++;
    }
    out += this.#text.slice(from, this.#at);
    if (!out.isWellFormed()) this.#stop('holds a text that is not valid Unicode');
    this.#at++;
    return out;
  }

  #escape(): string {
    const letter = this.#text[this.#at];
    if (letter === undefined) return this.#expected('an escape');
    const plain = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (plain !== undefined) {
      this.#at++;
      return plain;
    }
    if (letter !== 'u') this.#stop('holds an unknown escape');
    this.#at++;
    const from = this.#at;
    for (let i = 0; i < 4; i++) {
      if (!/[0-9A-Fa-f]/.test(this.#text[this.#at] ?? '')) this.#expected('a hexadecimal digit');
      this.#at++;
    }
    return String.fromCharCode(Number.parseInt(this.#text.slice(from, this.#at), 16));
  }

  #isNested(): boolean {
    const letter = this.#text[this.#at];
    return letter === '{' || letter === '[';
  }

  *#array(depth: number): Steps<unknown[]> {
    const items: unknown[] = [];
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === ']') {
      this.#at++;
      return items;
    }
    for (;;) {
      this.#space();
      items.push(this.#isNested() ? yield* this.#value(depth + 1) : this.#plain(depth + 1));
      this.#space();
      const next = this.#text[this.#at];
      if (next !== ',' && next !== ']') this.#expected("',' or ']'");
      this.#at++;
      if (next === ']') return items;
    }
  }

  *#object(depth: number): Steps<Record<string, unknown>> {
    const members: Record<string, unknown> = {};
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === '}') {
      this.#at++;
      return members;
    }
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#expected('a key');
      const key = this.#string();
      // Never a key of ours, and it would set a prototype instead of a member.
      if (key === '__proto__') this.#stop('holds the key __proto__');
      if (Object.hasOwn(members, key)) this.#stop(`holds the key ${JSON.stringify(key.slice(0, 60))} twice`);
      this.#space();
      if (this.#text[this.#at] !== ':') this.#expected("':'");
      this.#at++;
      this.#space();
      members[key] = this.#isNested() ? yield* this.#value(depth + 1) : this.#plain(depth + 1);
      this.#space();
      const next = this.#text[this.#at];
      if (next !== ',' && next !== '}') this.#expected("',' or '}'");
      this.#at++;
      if (next === '}') return members;
    }
  }
}

/** In steps of characters. */
export function* strictJsonSteps(text: string, limits: JsonLimits): Steps<Result<unknown, JsonProblem>> {
  try {
    return ok(yield* new Reader(text, limits).document());
  } catch (error) {
    if (error instanceof Stop) return err(error.problem);
    throw error;
  }
}

export const parseStrictJson = (text: string, limits: JsonLimits): Result<unknown, JsonProblem> =>
  atOnce(strictJsonSteps(text, limits));
