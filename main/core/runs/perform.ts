/** From an effect to the step that performs it. A step that throws has a defect; it still ends in a state that is true. */
import { type FrostError, frostError } from '../../../shared/errors.ts';
import type { StepContext } from './contact.ts';
import { after, before, probe } from './hooks.ts';
import type { EffectKind, StepResult } from './model.ts';
import { apply, compare, rollback, verify } from './mutate.ts';
import { capture, check, connect, type StepOutcome, simulate, stage } from './prepare.ts';
import { reboot } from './restart.ts';

/** Effects a task waits for. */
export type StepKind = Exclude<EffectKind, 'interrupt' | 'stop-job'>;

const only = async (result: Promise<StepResult>): Promise<StepOutcome> => ({ result: await result });

const STEPS: Record<StepKind, (context: StepContext) => Promise<StepOutcome>> = {
  connect,
  check,
  simulate,
  capture,
  stage,
  before: (context) => only(before(context)),
  apply: (context) => only(apply(context)),
  verify: (context) => only(verify(context)),
  reboot: (context) => only(reboot(context)),
  after: (context) => only(after(context)),
  probe: (context) => only(probe(context)),
  rollback: (context) => only(rollback(context)),
  compare: (context) => only(compare(context)),
};

/** Before a mutation nothing was changed; after it, the truth is on the host and somebody has to look. */
const afterDefect = (kind: StepKind, host: string, correlationId: string): StepResult => {
  const error = frostError('internal', `The step "${kind}" of ${host} failed inside Frostline.`, {
    host,
    correlationId,
    hint: 'The log names it under this correlation id.',
  });
  if (kind === 'apply' || kind === 'rollback') return { kind: 'job-lost', error, contact: true };
  if (kind === 'verify' || kind === 'compare' || kind === 'reboot' || kind === 'after' || kind === 'probe')
    return { kind: 'unknown', error, contact: true };
  return { kind: 'failed', error };
};

/** Errors carry what hosts and managers say; the store holds only what fits the schema. */
const bounded = (error: FrostError): FrostError => ({
  ...error,
  message: error.message.slice(0, 4000),
  ...(error.hint !== undefined && { hint: error.hint.slice(0, 4000) }),
  ...(error.packages !== undefined && { packages: error.packages.slice(0, 2000) }),
});

const boundedResult = (result: StepResult): StepResult => {
  if ('error' in result && result.error !== null)
    return { ...result, error: bounded(result.error) } as StepResult;
  if (result.kind === 'job-ended' && result.complaint !== null)
    return { ...result, complaint: bounded(result.complaint) };
  return result;
};

export const performStep = async (kind: StepKind, context: StepContext): Promise<StepOutcome> => {
  try {
    const outcome = await STEPS[kind](context);
    return { ...outcome, result: boundedResult(outcome.result) };
  } catch (error) {
    const correlationId = context.ports.random.id();
    const { host } = context.hostPlan;
    context.ports.log.write('error', 'a step of a run threw', {
      correlationId,
      run: context.runId,
      step: kind,
      host,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
    return { result: afterDefect(kind, host, correlationId) };
  }
};
