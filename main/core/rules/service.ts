/** Rule sets: checked, previewed, saved in versions, and what a snapshot is made of. */
import type { HandlerInput, Output } from '../../../shared/contract/contract.ts';
import type { RulesSource } from '../../../shared/contract/rules.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { AppliedRuleSet, RuleSet, SavedRuleSet } from '../../../shared/model/rule.ts';
import { compareVersions } from '../advisories/describe.ts';
import type { Ports } from '../ports.ts';
import { type Candidates, candidatesOf } from './candidates.ts';
import { type Evaluation, evaluate } from './evaluate.ts';
import { readRules, rulesFrom } from './read.ts';

const SHOWN_HOSTS = 50;

const unknownSet = (name: string, version: number | undefined) =>
  fail(
    'not-found',
    version === undefined ? `There are no rules named '${name}'.` : `'${name}' has no version ${version}.`,
    { hint: 'See: rules list.' },
  );

type Using = Pick<Ports, 'store' | 'clock'>;

/** The set a source means, and its version where it is a saved one. Errors: `input.invalid`, `not-found`. */
const find = (source: RulesSource, { store }: Using): Result<Chosen> => {
  if ('text' in source) {
    const read = rulesFrom(source.text, source.fileName ?? 'The rules');
    return read.ok ? ok({ ruleSet: read.value }) : read;
  }
  const saved = store.ruleSet(source.name, source.version);
  if (saved === undefined) return unknownSet(source.name, source.version);
  return ok({ ruleSet: saved.ruleSet, version: saved.version });
};

type Chosen = { ruleSet: RuleSet; version?: number };
export type Applied = Evaluation & Candidates & Chosen;

/** What rules take of what the hosts of the selectors (none: all) are offered now. */
export const applySet = (chosen: Chosen, selectors: string[], ports: Using): Result<Applied> => {
  const offered = candidatesOf(selectors.length === 0 ? ['all'] : selectors, ports.store);
  if (!offered.ok) return offered;
  const result = evaluate(chosen.ruleSet, offered.value.candidates, ports.clock.now(), compareVersions);
  return ok({ ...offered.value, ...result, ...chosen });
};

export const applyRules = (source: RulesSource, selectors: string[], ports: Using): Result<Applied> => {
  const found = find(source, ports);
  return found.ok ? applySet(found.value, selectors, ports) : found;
};

/** The set as a revision holds it. */
export const appliedRuleSet = ({
  ruleSet,
  version,
}: Pick<Applied, 'ruleSet' | 'version'>): AppliedRuleSet => ({
  ...ruleSet,
  ...(version === undefined ? {} : { version }),
});

export type RuleService = ReturnType<typeof createRuleService>;

export const createRuleService = (ports: Pick<Ports, 'store' | 'clock' | 'user' | 'changes'>) => {
  const { store, clock, changes } = ports;

  const show = ({ name, version }: HandlerInput<'rules.show'>): Result<Output<'rules.show'>> => {
    const saved = store.ruleSet(name, version);
    return saved === undefined ? unknownSet(name, version) : ok({ saved });
  };

  const history = ({ name }: HandlerInput<'rules.history'>): Result<Output<'rules.history'>> => {
    const versions = store.ruleSetVersions(name);
    return versions.length === 0 ? unknownSet(name, undefined) : ok({ versions });
  };

  const check = ({ text }: HandlerInput<'rules.check'>): Result<Output<'rules.check'>> => {
    const read = readRules(text);
    return ok(read.ok ? { ok: true, ruleSet: read.ruleSet, issues: [] } : { ok: false, issues: read.issues });
  };

  const preview = (input: HandlerInput<'rules.preview'>): Result<Output<'rules.preview'>> => {
    const applied = applyRules(input.rules, input.selectors, ports);
    if (!applied.ok) return applied;
    const { ruleSet, version, rows, entries, unused, without, remarks } = applied.value;
    return ok({
      ruleSet,
      ...(version === undefined ? {} : { version }),
      rows: rows.map((row) => ({
        ...row,
        hosts: row.hosts.slice(0, SHOWN_HOSTS),
        heldOn: row.heldOn.slice(0, SHOWN_HOSTS),
        hostCount: row.hosts.length,
      })),
      entries: entries.length,
      unused,
      without,
      remarks,
    });
  };

  const save = (input: HandlerInput<'rules.save'>): Result<Output<'rules.save'>> => {
    const read = rulesFrom(input.text, 'The rules');
    if (!read.ok) return read;
    if (!input.text.isWellFormed() || input.message?.isWellFormed() === false)
      return fail('input.invalid', 'The text holds a character that is not valid Unicode.');
    const { name } = read.value;
    const newest = store.ruleSet(name);
    const conflict = () =>
      fail(
        'state.conflict',
        `'${name}' was saved in the meantime: version ${store.ruleSet(name)?.version ?? 0}.`,
        {
          hint: 'Look at the new version, and make the change again.',
        },
      );
    if (input.expect !== undefined && input.expect !== (newest?.version ?? 0)) return conflict();
    if (newest?.text === input.text && input.message === undefined) return ok({ saved: newest });
    const made: Omit<SavedRuleSet, 'version'> = {
      // Names are one regardless of case: later versions keep the first one's.
      name: newest?.name ?? name,
      savedAt: new Date(clock.now()).toISOString(),
      author: ports.user.slice(0, 200),
      ...(input.message === undefined ? {} : { message: input.message }),
      ruleSet: read.value,
      text: input.text,
    };
    const saved = store.putRuleSet(made, newest?.version ?? 0);
    if (saved === undefined) return conflict();
    changes.announce({ type: 'rules' });
    return ok({ saved });
  };

  return {
    list: async (_input: HandlerInput<'rules.list'>) => ok({ ruleSets: store.ruleSets() }),
    show: async (input: HandlerInput<'rules.show'>) => show(input),
    history: async (input: HandlerInput<'rules.history'>) => history(input),
    check: async (input: HandlerInput<'rules.check'>) => check(input),
    preview: async (input: HandlerInput<'rules.preview'>) => preview(input),
    save: async (input: HandlerInput<'rules.save'>) => save(input),
  };
};
