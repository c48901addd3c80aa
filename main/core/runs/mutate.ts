/**
 * A task's steps that change its host, and those that look at what became of it. A job is started at most once per token; a
 * step that may have been performed already looks for its job on the host before anything else.
 */
import { type FrostError, frostError, isUnreachable, type Result } from '../../../shared/errors.ts';
import type { Capture } from '../../../shared/model/run.ts';
import { ask, type Reached, reach, type StepContext, untilReached } from './contact.ts';
import { follow, jobState, stopJob } from './follow.ts';
import type { StepResult } from './model.ts';
import { stockOfPlan } from './stocked.ts';
import { judgeApplied, judgeRestored } from './verify.ts';

export const failed = (context: StepContext, error: FrostError): StepResult => ({
  kind: 'failed',
  error: { ...error, host: context.hostPlan.host },
});
export const lost = (context: StepContext, error: FrostError, contact: boolean): StepResult => ({
  kind: 'job-lost',
  error: {
    ...error,
    host: context.hostPlan.host,
    hint:
      error.hint ??
      'What became of its job is not known. Retry the host: its job is looked for first, nothing is started twice.',
  },
  contact,
});

/** Token of the task's latest rollback job. */
export const rollbackToken = (token: string, rollbacks: number): string =>
  rollbacks <= 1 ? `${token}-rb` : `${token}-rb${rollbacks}`;

const deadlineOf = (context: StepContext): number => {
  const since = context.task().jobSince;
  const from = since === null ? context.ports.clock.now() : Date.parse(since);
  return from + context.plan.parameters.timeoutSeconds * 1000;
};

/** Time to look at a host after its job, however late that ended. */
const patience = (context: StepContext): number =>
  context.ports.clock.now() + context.plan.parameters.timeoutSeconds * 1000;

type Start = { token: string; script: string; deadline: number; again: () => FrostError | undefined };

/**
 * Starts a job; null: it runs, or did. Where it is not known whether the start arrived, the host is asked; only if it has
 * never heard of the job, and `again` has nothing against it, is it started once more.
 */
export const start = async (context: StepContext, reached: Reached, o: Start): Promise<StepResult | null> => {
  const { jobs } = context.tools;
  for (;;) {
    const nonce = context.ports.random.hex(16);
    const output = await ask(context, reached.route, jobs.start({ nonce, token: o.token, script: o.script }));
    const started = output.ok ? jobs.parseStart(output.value, nonce) : output;
    if (started.ok) return null;
    const unsure = isUnreachable(started.error) || started.error.code === 'host.output-malformed';
    if (!unsure) return failed(context, started.error);
    const state = await jobState(context, reached, o.token, o.deadline);
    if (!state.ok) return lost(context, state.error, !isUnreachable(state.error));
    if (state.value !== 'absent') return null;
    const against = o.again();
    if (against !== undefined) return failed(context, against);
    if (context.ports.clock.now() >= o.deadline) return failed(context, started.error);
    if (!(await context.ports.clock.wait(1000, context.signal))) return failed(context, started.error);
  }
};

const followed = async (
  context: StepContext,
  reached: Reached,
  o: { kind: 'apply' | 'rollback'; token: string; deadline: number },
): Promise<StepResult> => {
  const end = await follow(context, reached, o.token, o.deadline);
  if (end.kind === 'lost') return lost(context, end.error, end.contact);
  if (end.kind === 'died')
    return {
      kind: 'job-ended',
      complaint: frostError('host.job-lost', `The job ended in the middle: ${end.reason}`, {
        host: reached.host.name,
      }),
    };
  const judged = reached.driver.judgeJob(o.kind, end.code, end.logTail);
  return { kind: 'job-ended', complaint: judged.ok ? null : { ...judged.error, host: reached.host.name } };
};

/** A freeze that began since the task was last judged is honoured: nothing was started yet. */
export const frozenNow = (context: StepContext, reached: Reached) => (): FrostError | undefined => {
  const { deps, hostPlan, ports, revision } = context;
  const [refusal] = revision ? deps.judge(reached.host, revision, hostPlan.actions, ports.clock.now()) : [];
  return refusal && frostError(refusal.code, refusal.message);
};

export const apply = async (context: StepContext): Promise<StepResult> => {
  const task = context.task();
  const token = task.token ?? '';
  const deadline = deadlineOf(context);
  const reached = reach(context);
  const look = context.resumed || task.reattach !== null;
  if (!reached.ok) return look ? lost(context, reached.error, true) : failed(context, reached.error);
  const stages = context.request.get()?.stages;
  if (look || stages === undefined) {
    const state = await jobState(context, reached.value, token, deadline);
    if (!state.ok) return lost(context, state.error, !isUnreachable(state.error));
    if (state.value === 'absent') return { kind: 'job-absent' };
  } else {
    const { lockTimeoutSeconds } = context.plan.parameters;
    const pushed = stockOfPlan(context, reached.value);
    if (!pushed.ok) return failed(context, pushed.error);
    const { script } = reached.value.driver.applyJob({
      ...(pushed.value.length > 0 && { pushed: pushed.value }),
      stages,
      actions: context.hostPlan.actions,
      lockTimeoutSeconds,
    });
    const again = frozenNow(context, reached.value);
    // Since the staging ended, the admin's hook may have taken an hour.
    const against = again();
    if (against !== undefined) return failed(context, against);
    const ended = await start(context, reached.value, { token, script, deadline, again });
    if (ended !== null) return ended;
  }
  return followed(context, reached.value, { kind: 'apply', token, deadline });
};

type Read = { capture: Capture; packages: Capture['packages']; rebootRequired: boolean };

/** Output that cannot be read is asked for this often before a person is asked. */
const READ_TRIES = 3;

/** The host as it is now, beside its capture. */
const readBack = async (context: StepContext, reached: Reached): Promise<Result<Read>> => {
  const { driver, route, host } = reached;
  const { hostPlan, ports, runId } = context;
  const capture = ports.store.capture(runId, hostPlan.hostId);
  if (capture === undefined)
    return {
      ok: false,
      error: frostError('store.damaged', `The capture of ${host.name} is not in the store.`),
    };
  const deadline = patience(context);
  for (let tries = 1; ; tries += 1) {
    const nonce = ports.random.hex(16);
    const output = await untilReached(context, deadline, () => ask(context, route, driver.verify({ nonce })));
    const now = output.ok ? driver.parseVerify(output.value, { nonce }) : output;
    if (now.ok) return { ok: true, value: { capture, ...now.value } };
    if (isUnreachable(now.error) || tries === READ_TRIES) return now;
    if (!(await ports.clock.wait(1000, context.signal))) return now;
  }
};

const unknown = (context: StepContext, error: FrostError): StepResult => ({
  kind: 'unknown',
  error: { ...error, host: context.hostPlan.host },
  contact: !isUnreachable(error),
});

export const verify = async (context: StepContext): Promise<StepResult> => {
  const reached = reach(context);
  if (!reached.ok) return unknown(context, reached.error);
  const read = await readBack(context, reached.value);
  if (!read.ok) return unknown(context, read.error);
  const { capture, packages, rebootRequired } = read.value;
  const judged = judgeApplied({
    host: context.hostPlan.host,
    actions: context.hostPlan.actions,
    capture,
    now: packages,
    complaint: context.task().complaint,
  });
  return { kind: 'verified', ...judged, rebootRequired };
};

export const rollback = async (context: StepContext): Promise<StepResult> => {
  const { hostPlan, ports, plan, runId } = context;
  const task = context.task();
  const applied = task.token ?? '';
  const token = rollbackToken(applied, task.rollbacks);
  const deadline = deadlineOf(context);
  const reached = reach(context);
  const look = context.resumed || task.reattach === 'rollback';
  if (!reached.ok) return look ? lost(context, reached.error, true) : failed(context, reached.error);
  const state = await jobState(context, reached.value, look ? token : applied, deadline);
  if (!state.ok)
    return look ? lost(context, state.error, !isUnreachable(state.error)) : failed(context, state.error);
  if (look && state.value === 'absent') return { kind: 'job-absent' };
  if (!look) {
    if (state.value === 'running')
      return failed(
        context,
        frostError(
          'host.busy',
          'The job that patches this host is still running; undoing under it would break it.',
          {
            hint: 'Wait until it is over, then roll back.',
          },
        ),
      );
    const capture = ports.store.capture(runId, hostPlan.hostId);
    if (capture === undefined)
      return failed(
        context,
        frostError('store.damaged', `The capture of ${hostPlan.host} is not in the store.`),
      );
    const { lockTimeoutSeconds } = plan.parameters;
    const { script } = reached.value.driver.rollbackJob({
      capture,
      actions: hostPlan.actions,
      lockTimeoutSeconds,
    });
    const again = () => undefined;
    const ended = await start(context, reached.value, { token, script, deadline, again });
    if (ended !== null) return ended;
  }
  return followed(context, reached.value, { kind: 'rollback', token, deadline });
};

export const compare = async (context: StepContext): Promise<StepResult> => {
  const reached = reach(context);
  if (!reached.ok) return unknown(context, reached.error);
  const read = await readBack(context, reached.value);
  if (!read.ok) return unknown(context, read.error);
  const { capture, packages, rebootRequired } = read.value;
  const { actions, host } = context.hostPlan;
  const difference = reached.value.driver.compare(capture, packages, actions);
  const judged = judgeRestored({
    host,
    actions,
    difference,
    now: packages,
    complaint: context.task().complaint,
  });
  return { kind: 'compared', ...judged, difference, rebootRequired };
};

/** Asks the running job to end before its next stage; tried until it arrives or the job's time is up. */
export const askToStop = async (context: StepContext): Promise<void> => {
  const reached = reach(context);
  const { token } = context.task();
  if (!reached.ok || token === null) return;
  await untilReached(context, deadlineOf(context), () => stopJob(context, reached.value, token));
};
