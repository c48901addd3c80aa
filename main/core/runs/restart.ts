/**
 * Restarts a host as part of its task, and believes in its return only when it has seen it: another boot id, the kernel that
 * was installed, and the services that ran before. Safe to be asked again at any point: the host remembers what was asked.
 */
import { type FrostError, frostError, isUnreachable } from '../../../shared/errors.ts';
import { ask, type Reached, reach, type StepContext } from './contact.ts';
import type { StepResult } from './model.ts';
import { failed } from './mutate.ts';

const POLL_MS = 2000;
const SLOWEST_POLL_MS = 15_000;
const LEAST_TRIES = 4;
/** Services come up one after another; after this long the one that is missing will not come by itself. */
const UNITS_PATIENCE_MS = 120_000;

/** No waiting mends these: somebody has to look. */
const HOPELESS: ReadonlySet<FrostError['code']> = new Set([
  'host.key-changed',
  'host.key-revoked',
  'host.key-unknown',
  'cancelled',
  'not-found',
]);

const waiting = (context: StepContext, waitingFor: string): void =>
  context.progress({ phase: 'rebooting', percent: 100, waitingFor });

const attention = (context: StepContext, error: FrostError): StepResult => ({
  kind: 'unknown',
  error: { ...error, host: context.hostPlan.host },
  contact: !isUnreachable(error),
});

type Asked = { kind: 'asked'; before: string } | { kind: 'back' } | { kind: 'ended'; result: StepResult };

/** Asks until the host has heard it. A connection that is lost in the answer may mean that it is going down already. */
const askFor = async (context: StepContext, reached: Reached, deadline: number): Promise<Asked> => {
  const { reboot } = context.tools;
  const token = context.task().token ?? '';
  for (let pause = POLL_MS; ; pause = Math.min(SLOWEST_POLL_MS, pause * 2)) {
    const nonce = context.ports.random.hex(16);
    const output = await ask(context, reached.route, reboot.ask({ nonce, token }));
    const state = output.ok ? reboot.parseAsk(output.value, nonce) : output;
    if (state.ok) {
      const { before, now } = state.value;
      if (before !== undefined && before !== now) return { kind: 'back' };
      return { kind: 'asked', before: now };
    }
    const { error } = state;
    if (!isUnreachable(error) && error.code !== 'host.output-malformed' && error.code !== 'host.busy')
      return { kind: 'ended', result: failed(context, error) };
    if (context.ports.clock.now() >= deadline) return { kind: 'ended', result: attention(context, error) };
    waiting(context, 'the host to take the restart');
    if (!(await context.ports.clock.wait(pause, context.signal)))
      return { kind: 'ended', result: attention(context, error) };
  }
};

const clockTime = (ms: number): string => `${new Date(ms).toISOString().slice(11, 19)} UTC`;

/** Null: another boot answers. */
const awaitReturn = async (
  context: StepContext,
  reached: Reached,
  o: { before: string; deadline: number },
): Promise<StepResult | null> => {
  const { clock, random, transport } = context.ports;
  const { reboot } = context.tools;
  const asked = clock.now();
  let last: FrostError | null = null;
  let seen = asked;
  for (let pause = POLL_MS, tries = 1; ; pause = Math.min(SLOWEST_POLL_MS, pause + 1000), tries += 1) {
    waiting(
      context,
      `the host to come back from its restart (asked at ${clockTime(asked)}, ${tries === 1 ? '1 try' : `${tries} tries`})`,
    );
    if (!(await clock.wait(pause, context.signal)))
      return attention(context, frostError('cancelled', 'Ended while the host was restarting.'));
    // A kept connection to a machine that is gone may hang for long; the next question opens a new one.
    transport.release(reached.host.id);
    const nonce = random.hex(16);
    const output = await ask(context, reached.route, reboot.boot({ nonce }));
    const boot = output.ok ? reboot.parseBoot(output.value, nonce) : output;
    if (boot.ok && boot.value !== '' && boot.value !== o.before) return null;
    if (boot.ok) seen = clock.now();
    last = boot.ok ? null : boot.error;
    if (last !== null && HOPELESS.has(last.code)) return attention(context, last);
    // A deadline that passed while the laptop slept still allows for some tries after it woke.
    if (clock.now() < o.deadline || tries < LEAST_TRIES) continue;
    const limit = `${context.plan.parameters.rebootTimeoutSeconds} s`;
    return attention(
      context,
      last === null
        ? frostError(
            'host.reboot-failed',
            `The host was told to restart, but still runs the same boot after ${limit}.`,
            {
              hint: 'Something on it holds the restart up; look at it, then retry: its packages are in place.',
            },
          )
        : frostError(
            'host.reboot-failed',
            `The host did not come back from its restart within ${limit}. It last answered at ${clockTime(seen)}: ${last.message}`,
            {
              hint: 'Look at its console. Its packages were in place before the restart; retry it when it answers.',
            },
          ),
    );
  }
};

/** Null: everything that ran before runs again. */
const awaitUnits = async (
  context: StepContext,
  reached: Reached,
  deadline: number,
): Promise<StepResult | null> => {
  const { clock, random } = context.ports;
  const { reboot } = context.tools;
  const token = context.task().token ?? '';
  const until = Math.min(Math.max(deadline, clock.now() + POLL_MS), clock.now() + UNITS_PATIENCE_MS);
  for (;;) {
    const nonce = random.hex(16);
    const output = await ask(context, reached.route, reboot.missing({ nonce, token }));
    const missing = output.ok ? reboot.parseMissing(output.value, nonce) : output;
    if (missing.ok && missing.value.length === 0) return null;
    if (clock.now() >= until) {
      if (!missing.ok) return attention(context, missing.error);
      const names = missing.value.slice(0, 10).join(', ');
      return failed(
        context,
        frostError('host.reboot-failed', `The host came back, but does not run again: ${names}.`, {
          hint: 'Look at these services on the host (systemctl status, journalctl -u).',
        }),
      );
    }
    waiting(
      context,
      missing.ok
        ? `services to run again: ${missing.value.slice(0, 5).join(', ')}`
        : 'the host to answer again',
    );
    if (!(await clock.wait(POLL_MS, context.signal)))
      return attention(context, frostError('cancelled', 'Ended while services were waited for.'));
  }
};

/** The kernel a restart should have brought, by the driver's own reading. Null: it runs. */
const checkKernel = async (context: StepContext, reached: Reached): Promise<StepResult | null> => {
  const nonce = context.ports.random.hex(16);
  const output = await ask(context, reached.route, reached.driver.verify({ nonce }));
  const now = output.ok ? reached.driver.parseVerify(output.value, { nonce }) : output;
  // What cannot be read now is read again by the verification that follows.
  if (!now.ok || now.value.kernel.expected === undefined) return null;
  const { running, expected } = now.value.kernel;
  return failed(
    context,
    frostError('host.reboot-failed', `The host came back with kernel ${running}; ${expected} is installed.`, {
      hint: 'Its boot loader still starts the old kernel; look at its configuration.',
    }),
  );
};

export const reboot = async (context: StepContext): Promise<StepResult> => {
  const { jobSince } = context.task();
  const since = jobSince === null ? context.ports.clock.now() : Date.parse(jobSince);
  const deadline = since + context.plan.parameters.rebootTimeoutSeconds * 1000;
  const reached = reach(context);
  if (!reached.ok) return failed(context, reached.error);
  const asked = await askFor(context, reached.value, deadline);
  if (asked.kind === 'ended') return asked.result;
  if (asked.kind === 'asked') {
    const away = await awaitReturn(context, reached.value, { before: asked.before, deadline });
    if (away !== null) return away;
  }
  return (
    (await awaitUnits(context, reached.value, deadline)) ??
    (await checkKernel(context, reached.value)) ?? { kind: 'passed', rebooted: true }
  );
};
