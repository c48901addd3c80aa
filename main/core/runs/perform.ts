/** From an effect to the step that performs it. A step that throws has a defect; it still ends in a state that is true. */
import { frostError } from '../../../shared/errors.ts';
import type { StepContext } from './contact.ts';
import type { EffectKind, StepResult } from './model.ts';
import { apply, compare, rollback, verify } from './mutate.ts';
import { capture, check, connect, type StepOutcome, simulate, stage } from './prepare.ts';

/** Effects a task waits for. */
export type StepKind = Exclude<EffectKind, 'interrupt' | 'stop-job'>;

const only = async (result: Promise<StepResult>): Promise<StepOutcome> => ({ result: await result });

const STEPS: Record<StepKind, (context: StepContext) => Promise<StepOutcome>> = {
  connect,
  check,
  simulate,
  capture,
  stage,
  apply: (context) => only(apply(context)),
  verify: (context) => only(verify(context)),
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
  if (kind === 'verify' || kind === 'compare') return { kind: 'unknown', error, contact: true };
  return { kind: 'failed', error };
};

export const performStep = async (kind: StepKind, context: StepContext): Promise<StepOutcome> => {
  try {
    return await STEPS[kind](context);
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
