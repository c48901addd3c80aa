/** The rules a snapshot holds, or others in their place, applied once more to what its hosts are offered now. */
import type { HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { AppliedRuleSet } from '../../../shared/model/rule.ts';
import type { Entry, Revision, RevisionContent } from '../../../shared/model/snapshot.ts';
import { compareVersions } from '../advisories/describe.ts';
import type { Ports } from '../ports.ts';
import { type Applied, appliedRuleSet, applyRules, applySet } from '../rules/service.ts';
import { ancestry } from './ancestry.ts';
import { diffEntries } from './diff.ts';
import { byStage } from './edit.ts';
import type { Lines } from './lines.ts';
import { reapplyRules, takenOut } from './reapply.ts';
import { checkText, joined } from './text.ts';

type Input = HandlerInput<'snapshots.previewRules'>;
type Made = { revision: Revision; entries: Entry[]; content: Pick<RevisionContent, 'rules' | 'scope'> } & {
  applied: Applied;
  same: boolean;
};

const named = ({ name, version }: { name: string; version?: number | undefined }): string =>
  version === undefined ? name : `${name} (version ${version})`;

/** What both scopes say alike: what is added may be for other hosts than what was there. */
const bothScopes = (a: RevisionContent['scope'], b: RevisionContent['scope']): RevisionContent['scope'] =>
  Object.fromEntries(
    Object.entries(a).filter(([key, value]) => Object.entries(b).some(([k, v]) => k === key && v === value)),
  );

export const createReapplying = (ports: Ports, lines: Lines) => {
  const { store } = ports;

  const apply = ({ content }: Revision, { rules, from }: Input): Result<Applied> => {
    if (rules !== undefined) return applyRules(rules, from, ports);
    const [own, ...others] = content.rules;
    if (own === undefined)
      return fail('input.invalid', `'${content.line.name}' holds no rules that could be applied again.`, {
        hint: 'Name the rules to apply.',
      });
    if (others.length > 0)
      return fail(
        'input.invalid',
        `'${content.line.name}' holds several sets of rules: ${content.rules.map(named).join(', ')}.`,
        { hint: 'Name the one to apply.' },
      );
    const { version, ...ruleSet } = own;
    return applySet({ ruleSet, ...(version === undefined ? {} : { version }) }, from, ports);
  };

  const make = (input: Input, expect: string | undefined): Result<Made> => {
    const found = lines.findHead(input.ref, expect);
    if (!found.ok) return found;
    const { revision } = found.value;
    const applied = apply(revision, input);
    if (!applied.ok) return applied;
    const { entries: fresh, rows, scope } = applied.value;
    const { content } = revision;
    const set: AppliedRuleSet = appliedRuleSet(applied.value);
    const rules = [...content.rules.filter((one) => one.name !== set.name), set];
    const old = byStage(content.entries);
    const entries = reapplyRules(old, {
      sets: content.rules,
      fresh,
      judged: rows,
      out: takenOut(ancestry([revision.id], (id) => store.revision(id))),
      compareOf: (ecosystem) => (a, b) => compareVersions(ecosystem, a, b),
    });
    const same =
      JSON.stringify(entries) === JSON.stringify(old) &&
      JSON.stringify(rules) === JSON.stringify(content.rules);
    const added = entries.length > 0 && old.length === 0;
    return ok({
      revision,
      entries,
      content: { rules, scope: added ? scope : bothScopes(content.scope, scope) },
      applied: applied.value,
      same,
    });
  };

  const preview = (input: Input): Result<Output<'snapshots.previewRules'>> => {
    const made = make(input, undefined);
    if (!made.ok) return made;
    const { revision, entries, applied, same } = made.value;
    const { ruleSet, version, remarks } = applied;
    return ok({
      base: revision.id,
      rules: { name: ruleSet.name, ...(version === undefined ? {} : { version }) },
      diff: diffEntries(byStage(revision.content.entries), entries),
      same,
      remarks,
    });
  };

  const applyAgain = (
    input: HandlerInput<'snapshots.applyRules'>,
  ): Result<Output<'snapshots.applyRules'>> => {
    const sound = checkText(input.message);
    if (!sound.ok) return sound;
    const made = make(input, input.expect);
    if (!made.ok) return made;
    const { revision, entries, content, applied, same } = made.value;
    const diff = diffEntries(byStage(revision.content.entries), entries);
    if (same) return ok({ snapshot: lines.view(revision), diff });
    const { ruleSet, version, remarks } = applied;
    const message = joined([
      input.message ?? `Applied the rules ${named({ name: ruleSet.name, version })} again.`,
      ...remarks,
    ]);
    const after = lines.append(revision, lines.next(revision, { ...content, entries, message }), []);
    return after.ok ? ok({ snapshot: lines.view(after.value), diff }) : after;
  };

  return {
    previewRules: async (input: Input) => preview(input),
    applyRules: async (input: HandlerInput<'snapshots.applyRules'>) => applyAgain(input),
  };
};
