import type { Handlers } from '../../shared/contract/contract.ts';
import type { PlanService } from '../core/runs/plan.ts';
import type { RunService } from '../core/runs/service.ts';

type RunNames = Extract<keyof Handlers, `plans.${string}` | `runs.${string}`>;

export const runHandlers = (plans: PlanService, runs: RunService): Pick<Handlers, RunNames> => ({
  'plans.create': plans.create,
  'plans.show': plans.show,
  'plans.list': plans.list,
  'runs.start': runs.start,
  'runs.list': runs.list,
  'runs.show': runs.show,
  'runs.events': runs.events,
  'runs.output': runs.output,
  'runs.abort': runs.abort,
  'runs.approve': runs.approve,
  'runs.rollbackPreview': runs.rollbackPreview,
  'runs.rollback': runs.rollback,
  'runs.retry': runs.retry,
  'runs.check': runs.check,
  'runs.accept': runs.accept,
  'runs.difference': runs.difference,
});
