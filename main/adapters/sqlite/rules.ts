/** Saved rule sets, every version for ever. */
import { z } from 'zod';
import { RuleSet, type RuleSetSummary, SavedRuleSet } from '../../../shared/model/rule.ts';
import type { RuleStore } from '../../core/rules/ports.ts';
import { type Db, fromJson, type Reader } from './db.ts';
import { validated } from './faults.ts';

const Row = z.object({
  name: z.string(),
  version: z.int(),
  savedAt: z.string(),
  author: z.string(),
  message: z.string().nullable(),
  body: z.string(),
  text: z.string(),
});
const COLUMNS = 'name, version, saved_at AS savedAt, author, message, body, text';

const parse = (db: Reader, { message, body, ...row }: z.output<typeof Row>): SavedRuleSet =>
  validated(
    SavedRuleSet,
    {
      ...row,
      ...(message === null ? {} : { message }),
      ruleSet: fromJson(db, RuleSet, body, 'a rule set'),
    },
    db.file,
    'a rule set',
  );

const summaryOf = ({ ruleSet, text: _, ...rest }: SavedRuleSet): RuleSetSummary => ({
  ...rest,
  ...(ruleSet.description === undefined ? {} : { description: ruleSet.description }),
  ruleCount: ruleSet.rules.length,
});

const newestOf = (db: Reader, name: string) =>
  db.get(Row, `SELECT ${COLUMNS} FROM rule_sets WHERE name = ? ORDER BY version DESC LIMIT 1`, name);

const put = (
  db: Db,
  made: Omit<SavedRuleSet, 'version'>,
  expect: number | undefined,
): SavedRuleSet | undefined =>
  db.transaction(() => {
    const newest = newestOf(db, made.name)?.version ?? 0;
    if (expect !== undefined && expect !== newest) return undefined;
    db.run(
      `INSERT INTO rule_sets (name, version, saved_at, author, message, body, text) VALUES (?, ?, ?, ?, ?, ?, ?)`,
      made.name,
      newest + 1,
      made.savedAt,
      made.author,
      made.message ?? null,
      JSON.stringify(made.ruleSet),
      made.text,
    );
    return { ...made, version: newest + 1 };
  });

export const ruleStore = (db: Db): RuleStore => ({
  ruleSets: () =>
    db
      .all(
        Row,
        `SELECT ${COLUMNS} FROM rule_sets AS r
          WHERE version = (SELECT max(version) FROM rule_sets WHERE name = r.name) ORDER BY name`,
      )
      .map((row) => summaryOf(parse(db, row))),
  ruleSet: (name, version) => {
    const row =
      version === undefined
        ? newestOf(db, name)
        : db.get(Row, `SELECT ${COLUMNS} FROM rule_sets WHERE name = ? AND version = ?`, name, version);
    return row === undefined ? undefined : parse(db, row);
  },
  ruleSetVersions: (name) =>
    db
      .all(Row, `SELECT ${COLUMNS} FROM rule_sets WHERE name = ? ORDER BY version DESC`, name)
      .map((row) => summaryOf(parse(db, row))),
  putRuleSet: (made, expect) => put(db, made, expect),
});
