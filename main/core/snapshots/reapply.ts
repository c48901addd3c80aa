/**
 * Applying rules once more to a list of entries that they made before. Pure. What rules made is told from what an admin decided
 * by the rules themselves: an entry that is otherwise than its rule would have it was changed by hand, and stays so.
 */
import { EXPLICIT_APPROVE, EXPLICIT_REJECT, type RuleSet } from '../../../shared/model/rule.ts';
import type { Entry, Revision } from '../../../shared/model/snapshot.ts';
import { DEFAULT_STAGE, HELD_NOTE } from '../rules/evaluate.ts';
import { byStage, entryKey } from './edit.ts';
import type { Compare } from './world.ts';

const versionKey = (entry: Pick<Entry, 'ecosystem' | 'name' | 'arch' | 'version'>): string =>
  `${entryKey(entry)} ${entry.version}`;

type ByRule = { decision: Entry['decision']; stage: number | undefined };

/** How its rule makes an entry; undefined: it was made by hand, by a scan, or by a rule that these sets do not have. */
const ruleOf = (entry: Pick<Entry, 'source'>, sets: RuleSet[]): ByRule | undefined => {
  if (entry.source === `rule:${EXPLICIT_APPROVE}`) return { decision: 'approve', stage: undefined };
  if (entry.source === `rule:${EXPLICIT_REJECT}`) return { decision: 'reject', stage: undefined };
  const rule = sets.flatMap((set) => set.rules).find(({ id }) => entry.source === `rule:${id}`);
  return rule && { decision: rule.decision ?? 'approve', stage: rule.stage ?? DEFAULT_STAGE };
};

const isHeldNote = (note: string | undefined): boolean => note?.startsWith(HELD_NOTE) === true;

/** What somebody decided otherwise than the rule. The lists say no stage: whatever it has is taken for decided. */
const byHand = (entry: Entry, rule: ByRule) => {
  const held = entry.decision === 'reject' && isHeldNote(entry.note);
  return {
    decision: !held && (entry.decision !== rule.decision || isHeldNote(entry.note)),
    stage: rule.stage === undefined || entry.stage !== rule.stage,
    note: entry.note !== undefined && !isHeldNote(entry.note),
  };
};

/**
 * Versions of entries that were taken out by hand: gone between two revisions that hold the same rules. `all`: a revision and
 * what it was made from.
 */
export const takenOut = (all: ReadonlyMap<string, Revision>): Set<string> => {
  const gone = new Set<string>();
  for (const { content } of all.values()) {
    const [parentId, ...others] = content.parents;
    const parent = parentId === undefined || others.length > 0 ? undefined : all.get(parentId);
    if (parent === undefined || JSON.stringify(parent.content.rules) !== JSON.stringify(content.rules))
      continue;
    const here = new Set(content.entries.map(entryKey));
    for (const entry of parent.content.entries) if (!here.has(entryKey(entry))) gone.add(versionKey(entry));
  }
  return gone;
};

export type Reapplied = {
  /** Those the revision holds. */
  sets: RuleSet[];
  /** What the rules take now. */
  fresh: Entry[];
  /** Every version they were asked about. */
  judged: Pick<Entry, 'ecosystem' | 'name' | 'arch' | 'version'>[];
  /** As from `takenOut`. */
  out: ReadonlySet<string>;
  compareOf(ecosystem: Entry['ecosystem']): Compare;
};

/**
 * Entries that no rule made, pinned ones, and those whose decision was changed by hand stay as they are; so do stages, notes and
 * the order. What rules made takes the version, decision and facts they give it now, never an older version but where they
 * refuse the newer one; it goes where they refuse it, and stays where they were not asked because nobody is offered it any more. What is new goes
 * to the end of its stage, unless it was taken out by hand in just that version.
 */
export const reapplyRules = (entries: Entry[], o: Reapplied): Entry[] => {
  const fresh = new Map(o.fresh.map((entry) => [entryKey(entry), entry]));
  const judged = new Set(o.judged.map(versionKey));
  const general = new Set(
    entries.flatMap((entry) => (entry.arch === undefined ? `${entry.ecosystem}/${entry.name}` : [])),
  );
  const kept = entries.flatMap((entry): Entry[] => {
    const rule = ruleOf(entry, o.sets);
    if (rule === undefined || entry.pinned === true) return [entry];
    const hand = byHand(entry, rule);
    if (hand.decision) return [entry];
    const refused = judged.has(versionKey(entry));
    const now = fresh.get(entryKey(entry));
    if (now === undefined) return refused ? [] : [entry];
    if (!refused && o.compareOf(entry.ecosystem)(now.version, entry.version) < 0) return [entry];
    const { note: _, ...bare } = now;
    const note = hand.note ? entry.note : now.note;
    return [
      { ...bare, stage: hand.stage ? entry.stage : now.stage, ...(note === undefined ? {} : { note }) },
    ];
  });
  const listed = new Set(entries.map(entryKey));
  const added = o.fresh.filter(
    (entry) =>
      !listed.has(entryKey(entry)) &&
      !general.has(`${entry.ecosystem}/${entry.name}`) &&
      !o.out.has(versionKey(entry)),
  );
  return byStage([...kept, ...added]);
};
