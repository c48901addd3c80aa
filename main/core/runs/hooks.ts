/**
 * The admin's own commands on a host: a hook before the change and one after it, each a job of its own that is started once,
 * and the health probe, which only looks and may be asked again.
 */
import { type FrostError, frostError, isUnreachable } from '../../../shared/errors.ts';
import { plainLine, quote } from '../drivers/shell.ts';
import type { CommandSpec } from '../ports.ts';
import { ask, type Reached, reach, type StepContext } from './contact.ts';
import { cleanLine, follow } from './follow.ts';
import type { StepResult } from './model.ts';
import { failed, frozenNow, lost, start } from './mutate.ts';

/** timeout(1): the command was ended by TERM, or by KILL. */
const TIMED_OUT: ReadonlySet<number> = new Set([124, 137]);
/** For the start and the last words of a hook that is ended on the host itself. */
const GRACE_SECONDS = 60;

const SEE = 'Its output stands with the host; the command is one of the run’s parameters.';

/** Token of a hook's job. */
export const hookToken = (token: string, hook: 'before' | 'after'): string => `${token}-${hook}`;

/**
 * The command comes from a file in the job's own folder (0700), so that no other account of the host reads it in a process
 * list. It ends itself after `seconds`, where the host has timeout(1).
 */
const hookScript = (o: { command: string; seconds: number; context: StepContext; hook: string }): string => {
  const { context } = o;
  const words = {
    FROSTLINE_HOST: context.hostPlan.host,
    FROSTLINE_RUN: context.runId,
    FROSTLINE_SNAPSHOT: `${context.plan.snapshot.name}@${context.plan.snapshot.revision}`,
    FROSTLINE_HOOK: o.hook,
  };
  return `umask 077
printf '%s\\n' ${quote(o.command)} >"$FROSTLINE_JOB/command" || exit 1
umask 022
${Object.entries(words)
  .map(([name, value]) => `${name}=${quote(value)}; export ${name}`)
  .join('\n')}
if command -v timeout >/dev/null 2>&1; then exec timeout -k 10 ${o.seconds} sh "$FROSTLINE_JOB/command"; fi
exec sh "$FROSTLINE_JOB/command"
`;
};

const judge = (o: { hook: string; code: number; tail: string; seconds: number }): FrostError | null => {
  if (o.code === 0) return null;
  const last = plainLine(o.tail.trim().split('\n').at(-1) ?? '', 300);
  const why = TIMED_OUT.has(o.code)
    ? `took longer than ${o.seconds} s and was ended`
    : `ended with ${o.code}`;
  return frostError(
    'host.hook-failed',
    `The command ${o.hook} the change ${why}${last === '' ? '.' : `: ${last}`}`,
    {
      hint: SEE,
    },
  );
};

const runHook =
  (hook: 'before' | 'after') =>
  async (context: StepContext): Promise<StepResult> => {
    const { parameters } = context.plan;
    const task = context.task();
    const reached = reach(context);
    if (!reached.ok) return failed(context, reached.error);
    const seconds = parameters.hookTimeoutSeconds;
    const since = task.jobSince === null ? context.ports.clock.now() : Date.parse(task.jobSince);
    const deadline = since + (seconds + GRACE_SECONDS) * 1000;
    const token = hookToken(task.token ?? '', hook);
    const script = hookScript({ command: parameters[hook] ?? ':', seconds, context, hook });
    const again = hook === 'before' ? frozenNow(context, reached.value) : () => undefined;
    // A second start of the same token does nothing, so that a console which was killed here simply asks again.
    const ended = await start(context, reached.value, { token, script, deadline, again });
    if (ended !== null) return ended;
    const end = await follow(context, reached.value, token, deadline);
    if (end.kind === 'lost') return lost(context, end.error, end.contact);
    if (end.kind === 'died')
      return failed(
        context,
        frostError('host.hook-failed', `The command ${hook} the change ended in the middle: ${end.reason}`),
      );
    const error = judge({ hook, code: end.code, tail: end.logTail, seconds });
    return error === null ? { kind: 'passed' } : failed(context, error);
  };

export const before = runHook('before');
export const after = runHook('after');

const probeSpec = (command: string, seconds: number): CommandSpec => ({
  script: `umask 077
fl_command=${quote(command)}
fl_file=$(mktemp) && printf '%s\\n' "$fl_command" >"$fl_file" || exit 1
trap 'rm -f "$fl_file"' 0
if command -v timeout >/dev/null 2>&1; then timeout -k 5 ${seconds} sh "$fl_file" </dev/null 2>&1; else sh "$fl_file" </dev/null 2>&1; fi
exit $?
`,
  root: true,
  timeoutMs: (seconds + 30) * 1000,
  maxOutputBytes: 256 * 1024,
});

type Look = { healthy: true } | { healthy: false; error: FrostError };

const lookOnce = async (context: StepContext, reached: Reached): Promise<Look> => {
  const { probe = ':', probeTimeoutSeconds: seconds } = context.plan.parameters;
  const output = await ask(context, reached.route, probeSpec(probe, seconds));
  if (!output.ok) return { healthy: false, error: output.error };
  const { exitCode, stdout } = output.value;
  const words = stdout.trim().split('\n').slice(-5).map(cleanLine);
  context.output(
    [`health probe: exit code ${exitCode}`, ...words.filter((line) => line !== '')],
    context.task().follow,
  );
  if (exitCode === 0) return { healthy: true };
  const last = plainLine(words.at(-1) ?? '', 300);
  const why = TIMED_OUT.has(exitCode) ? `took longer than ${seconds} s` : `ended with ${exitCode}`;
  return {
    healthy: false,
    error: frostError('host.probe-failed', `The health probe ${why}${last === '' ? '.' : `: ${last}`}`, {
      hint: SEE,
    }),
  };
};

/** Asks until the host is healthy or the tries are used up. */
export const probe = async (context: StepContext): Promise<StepResult> => {
  const { probeRetries, probeIntervalSeconds } = context.plan.parameters;
  const reached = reach(context);
  if (!reached.ok) return failed(context, reached.error);
  for (let tries = 0; ; tries += 1) {
    const look = await lookOnce(context, reached.value);
    if (look.healthy) return { kind: 'passed' };
    if (tries >= probeRetries || look.error.code === 'cancelled') {
      const error = { ...look.error, host: context.hostPlan.host };
      // Nobody can say how a host is that does not answer: undoing it blindly would be worse than asking a person.
      return isUnreachable(error) ? { kind: 'unknown', error, contact: false } : failed(context, error);
    }
    context.progress({
      phase: 'verifying',
      percent: 100,
      waitingFor: `the health probe to pass (${tries + 1} of ${probeRetries + 1} tries failed)`,
    });
    if (!(await context.ports.clock.wait(probeIntervalSeconds * 1000, context.signal)))
      return { kind: 'unknown', error: look.error, contact: true };
  }
};
