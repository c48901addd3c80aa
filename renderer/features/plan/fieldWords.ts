/** What single fields of the new-plan dialog come to, as soon as it can be told; undefined: not yet. Pure. */

import {
  durationSeconds,
  gateOf,
  hostsAtOnce,
  thresholdOf,
  waveSizes,
  wavesGrow,
} from '../../../shared/model/parameters.ts';
import { Amount, Duration, MaxFailures } from '../../../shared/model/plan.ts';
import { formatDateTime, formatDuration, plural } from '../../ui/format.ts';
import { instantOf, type PlanFields, type Section } from './planFields.ts';
import { waveList } from './waveList.ts';
import { slowStartText, spell, thresholdText, wavesText } from './words.ts';

export const concurrencyComesTo = (fields: PlanFields, targets: number | undefined): string | undefined => {
  const text = fields.concurrency.trim();
  if (targets === undefined || targets === 0 || !Amount.safeParse(text).success) return undefined;
  return `${plural(hostsAtOnce(text, targets), 'host')} at once.`;
};

export const maxFailuresComesTo = (fields: PlanFields, targets: number | undefined): string | undefined => {
  const text = fields.maxFailures.trim();
  if (targets === undefined || targets === 0 || !MaxFailures.safeParse(text).success) return undefined;
  const least = Number(fields.minCompleted);
  const threshold = thresholdOf(text, Number.isInteger(least) ? least : 1, targets);
  return threshold.abortsAtFailure === null && threshold.abortsAtShare === null
    ? 'Never aborts by itself.'
    : thresholdText(threshold, text, targets).replace(/ \(.*\)/, '');
};

export const wavesComeTo = (fields: PlanFields, targets: number | undefined): string | undefined => {
  const waves = waveList(fields.waves);
  if (!waves.every((amount) => Amount.safeParse(amount).success) || !wavesGrow(waves)) return undefined;
  if (waves.length === 0) return 'All hosts in one wave.';
  if (targets === undefined || targets === 0) return undefined;
  const gate = fields.gate === 'soak' ? fields.soak.trim() : fields.gate;
  if (fields.gate === 'soak' && !Duration.safeParse(gate).success) return undefined;
  return wavesText(waveSizes(waves, targets), gateOf(gate));
};

export const slowStartComesTo = (fields: PlanFields, targets: number | undefined): string | undefined => {
  const text = fields.concurrency.trim();
  if (targets === undefined || targets === 0 || !Amount.safeParse(text).success) return undefined;
  return slowStartText(hostsAtOnce(text, targets)).replace('Slow start: ', '');
};

/** `now`: ms since epoch. */
export const windowComesTo = (fields: PlanFields, now: number): string | undefined => {
  const until = instantOf(fields.until);
  if (until === undefined || Date.parse(until) <= now) return undefined;
  return `Ends in ${formatDuration((Date.parse(until) - now) / 1000)}, ${formatDateTime(until)}.`;
};

/** A limit written in small units, in the largest: `120m` is 2 hours. */
export const durationComesTo = (text: string): string | undefined =>
  Duration.safeParse(text.trim()).success ? `${spell(durationSeconds(text.trim()))}.` : undefined;

const CLOSED: Record<Section, (fields: PlanFields, targets: number | undefined) => string> = {
  waves: (fields, targets) =>
    [
      wavesComeTo(fields, targets) ?? (fields.waves.trim() === '' ? 'One wave.' : `Waves ${fields.waves}.`),
      ...(fields.slowStart ? ['Slow start.'] : []),
    ].join(' '),
  ends: (fields) => {
    const until = instantOf(fields.until);
    return [
      until === undefined ? 'No window.' : `Window until ${formatDateTime(until)}.`,
      fields.abortIf.trim() === '' ? 'No abort probe.' : 'An abort probe.',
    ].join(' ');
  },
  hooks: (fields) => {
    const set = [
      ...(fields.before.trim() === '' ? [] : ['hook before']),
      ...(fields.after.trim() === '' ? [] : ['hook after']),
      ...(fields.probe.trim() === '' ? [] : ['health probe']),
    ];
    return set.length === 0 ? 'None.' : `${set.join(', ')}.`;
  },
  limits: (fields) =>
    `${fields.timeout} for a change, ${plural(Number(fields.retries) || 0, 'retry', 'retries')}.`,
  proof: (fields) =>
    [
      fields.requireProof ? 'Only hosts whose rollback is proven.' : 'Proof is shown, not required.',
      fields.ignoreUnreachable ? 'Unreachable hosts do not count.' : 'Unreachable hosts count.',
    ].join(' '),
};
/** What a closed group says of itself. */
export const sectionText = (section: Section, fields: PlanFields, targets: number | undefined): string =>
  CLOSED[section](fields, targets);
