/**
 * The one way to the database: every statement is prepared once, every row is validated, every failure is a FrostFault.
 * Code that only reads takes a `Reader`.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Database, Statement } from 'better-sqlite3';
import { z } from 'zod';
import { damaged, faultOf, validated } from './faults.ts';

export type Value = string | number | Uint8Array | null;

/** No stored list is larger than this when unpacked; a larger one is damage (or an attack on memory). */
const MAX_UNPACKED_BYTES = 512 * 1024 * 1024;

export interface Reader {
  readonly file: string;
  get<S extends z.ZodType>(row: S, sql: string, ...values: Value[]): z.output<S> | undefined;
  all<S extends z.ZodType>(row: S, sql: string, ...values: Value[]): z.output<S>[];
}

export class Db implements Reader {
  readonly file: string;
  private readonly handle: Database;
  private readonly prepared = new Map<string, Statement<Value[]>>();

  constructor(handle: Database, file: string) {
    this.handle = handle;
    this.file = file;
  }

  get<S extends z.ZodType>(row: S, sql: string, ...values: Value[]): z.output<S> | undefined {
    const found = this.guarded(() => this.statement(sql).get(...values));
    return found === undefined ? undefined : validated(row, found, this.file, 'a row');
  }

  all<S extends z.ZodType>(row: S, sql: string, ...values: Value[]): z.output<S>[] {
    const found = this.guarded(() => this.statement(sql).all(...values));
    return found.map((one) => validated(row, one, this.file, 'a row'));
  }

  /** Rows changed. */
  run(sql: string, ...values: Value[]): number {
    return this.guarded(() => this.statement(sql).run(...values).changes);
  }

  /** All or nothing; takes the write lock at once, so that what is read inside stays true until the end. */
  transaction<T>(work: () => T): T {
    return this.guarded(() => this.handle.transaction(work).immediate());
  }

  close(): void {
    this.guarded(() => {
      try {
        this.handle.pragma('optimize');
      } catch {
        // A damaged or full database is closed all the same; statistics can wait.
      }
      this.handle.close();
    });
  }

  private statement(sql: string): Statement<Value[]> {
    const known = this.prepared.get(sql);
    if (known !== undefined) return known;
    const made = this.handle.prepare<Value[]>(sql);
    this.prepared.set(sql, made);
    return made;
  }

  private guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw faultOf(error, this.file);
    }
  }
}

export const parseJson = (db: Reader, text: string, what: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw damaged(db.file, `${what} is not JSON`);
  }
};

/** Reads a JSON column. `what` names the thing in the message when it does not fit. */
export const fromJson = <S extends z.ZodType>(
  db: Reader,
  schema: S,
  text: string,
  what: string,
): z.output<S> => validated(schema, parseJson(db, text, what), db.file, what);

/** Fastest level: package lists shrink to a tenth with it already. */
export const pack = (text: string): Uint8Array => gzipSync(text, { level: 1 });

export const fromPacked = <S extends z.ZodType>(
  db: Reader,
  schema: S,
  body: Uint8Array,
  what: string,
): z.output<S> => {
  let text: string;
  try {
    text = gunzipSync(body, { maxOutputLength: MAX_UNPACKED_BYTES }).toString('utf8');
  } catch {
    throw damaged(db.file, `${what} cannot be unpacked`);
  }
  return fromJson(db, schema, text, what);
};

export const Bytes = z.instanceof(Uint8Array);
export const JsonRow = z.object({ body: z.string() });
export const PackedRow = z.object({ body: Bytes });
