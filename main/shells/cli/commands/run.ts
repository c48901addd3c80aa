import { type Command, Option } from 'commander';
import { FrostFault, frostError } from '../../../../shared/errors.ts';
import { type HostPlan, type Plan, packagesOf } from '../../../../shared/model/plan.ts';
import type { Run, RunEvent } from '../../../../shared/model/run.ts';
import { type Context, exitCodeForHosts, invalid, unwrap } from '../context.ts';
import { requireHosts } from '../fleet.ts';
import { parametersOf, type RunOptions, withRunOptions } from '../parameters.ts';
import { planText } from '../planText.ts';
import type { Register } from '../register.ts';
import { bytes, safe, table } from '../terminal.ts';
import { findRun, watchRun } from '../watch.ts';

const makePlan = async (
  context: Context,
  [snapshot = '', ...selectors]: string[],
  o: RunOptions,
): Promise<Plan> => {
  const parameters = parametersOf(o);
  await requireHosts(context, selectors);
  const client = await context.client();
  return unwrap(await client.call('plans.create', { snapshot, selectors, parameters })).plan;
};

const problemOf = (host: HostPlan) => {
  if (host.state === 'refused') {
    const [first] = host.refusals;
    return frostError(first?.code ?? 'state.conflict', first?.message ?? 'Refused.');
  }
  return host.state === 'failed' || host.state === 'unreachable'
    ? (host.error ?? frostError('internal', 'Could not be planned.'))
    : null;
};

const planDocument = (plan: Plan) => ({ plan });

/** When every host is refused there is nothing to run: told as one error that names hosts and packages. */
const refuseWhole = (plan: Plan): void => {
  const refused = plan.hosts.filter((host) => host.state === 'refused');
  if (refused.length === 0 || refused.length < plan.hosts.length) return;
  const [first] = refused.flatMap((host) => host.refusals);
  const packages = [...new Set(refused.flatMap((host) => host.refusals.flatMap(packagesOf)))];
  const messages = [...new Set(refused.flatMap((host) => host.refusals.map((refusal) => refusal.message)))];
  throw new FrostFault(
    frostError(
      first?.code ?? 'state.conflict',
      `Refused on ${refused.map((host) => host.host).join(', ')}: ${messages.slice(0, 10).join(' ')}`,
      {
        ...(packages.length === 0 ? {} : { packages }),
        ...(refused.length === 1 && refused[0] !== undefined ? { host: refused[0].host } : {}),
        hint: 'See the whole plan with: frostline plan SNAPSHOT SELECTOR',
      },
    ),
  );
};

/** An accepted run tells nothing more: its last event is the acceptance. */
const lastEvent = async (context: Context, run: Run): Promise<RunEvent> => {
  const client = await context.client();
  const events = client.stream(
    'runs.events',
    { id: run.id, since: run.seq - 1, follow: false },
    new AbortController().signal,
  );
  for await (const event of events) return event;
  throw new FrostFault(frostError('internal', 'The run has no last event.'));
};

export const registerRun = (program: Command, action: Register): void => {
  withRunOptions(
    program
      .command('plan <snapshot> <selector...>')
      .description('what would change on every host, by its own package manager; changes nothing'),
  )
    // A plan takes run's options, so that one can be turned into the other by its first word.
    .addOption(new Option('--yes').hideHelp())
    .action(
      action<RunOptions>(async (context, words, o, rest) => {
        const plan = await makePlan(context, [...words, ...rest], o);
        context.result(planDocument(plan), () => planText(plan, context.paint));
        context.exitCode = exitCodeForHosts(plan.hosts.map(problemOf));
      }),
    );

  withRunOptions(
    program
      .command('run <snapshot> <selector...>')
      .description('plan, ask, and run it; Ctrl-C detaches and the run goes on'),
  )
    .option('--yes', 'do not ask')
    .option('--detach', 'do not watch')
    .action(
      action<RunOptions & { yes?: boolean; detach?: boolean }>(async (context, words, o, rest) => {
        const plan = await makePlan(context, [...words, ...rest], o);
        refuseWhole(plan);
        if (!context.json) process.stderr.write(`${planText(plan, context.paint)}\n`);
        const ready = plan.hosts.filter((host) => host.state === 'ready').length;
        const download = plan.hosts.reduce((sum, host) => sum + host.bytes.download, 0);
        await context.confirm(`Change ${ready} hosts (download ${bytes(download)})?`, o.yes);
        const client = await context.client();
        const { run } = unwrap(await client.call('runs.start', { planId: plan.id, hash: plan.hash }));
        if (o.detach)
          return context.result(
            { run },
            () => `Run ${run.id} started. Watch it with: frostline runs watch ${run.id}`,
          );
        await watchRun(context, { id: run.id, since: 0, asked: 'run' });
      }),
    );
};

export const registerRuns = (program: Command, action: Register): void => {
  const runs = program.command('runs').description('past and present runs: watch, abort, roll back, accept');

  runs
    .command('list')
    .description('every run, newest first')
    .action(
      action(async (context) => {
        const client = await context.client();
        const { runs: all } = unwrap(await client.call('runs.list', {}));
        context.result({ runs: all }, () =>
          all.length === 0
            ? 'No runs yet. Start one with: frostline run SNAPSHOT SELECTOR'
            : table(
                ['RUN', 'SNAPSHOT', 'STATE', 'VERDICT', 'STARTED', 'HOSTS'],
                all.map((r) => [
                  r.id,
                  `${r.snapshot.name}@${r.snapshot.revision}`,
                  r.state,
                  r.verdict ?? '',
                  r.startedAt,
                  Object.entries(r.counts)
                    .map(([state, n]) => `${n} ${state}`)
                    .join(', '),
                ]),
                context.paint,
              ),
        );
      }),
    );

  runs
    .command('show <run>')
    .description('a run with its tasks')
    .action(
      action(async (context, [id]) => {
        const run = await findRun(context, id ?? '');
        context.result({ run }, () =>
          [
            `${context.paint.bold(run.id)}  ${run.snapshot.name}@${run.snapshot.revision}  ${run.state}  ${run.verdict ?? ''}  ${run.abortReason === undefined ? '' : safe(run.abortReason)}`,
            table(
              ['HOST', 'STATE', 'ACTIONS', 'PROOF', 'ERROR'],
              run.tasks.map((task) => [
                task.host,
                task.state,
                `${task.actions.length}`,
                task.proof,
                task.error?.message ?? '',
              ]),
              context.paint,
            ),
          ].join('\n'),
        );
      }),
    );

  runs
    .command('check [run]')
    .description('replay the event log and compare it with the stored state')
    .action(
      action(async (context, [id]) => {
        const client = await context.client();
        const which = id === undefined ? {} : { id: (await findRun(context, id)).id };
        const outcome = unwrap(await client.call('runs.check', which));
        context.result(
          outcome,
          () =>
            outcome.runs
              .map(
                (run) =>
                  `${run.id}  ${run.agrees ? 'agrees' : `differs: ${safe(run.differences.join('; '))}`}`,
              )
              .join('\n') || 'No runs.',
        );
        if (outcome.runs.some((run) => !run.agrees)) context.exitCode = 1;
      }),
    );

  runs
    .command('watch <run>')
    .description('follow a run until it is at rest')
    .option('--since <seq>', 'events after this one', '0')
    .action(
      action<{ since: string }>(async (context, [id], o) => {
        const run = await findRun(context, id ?? '');
        if (!/^\d{1,9}$/.test(o.since) || Number(o.since) > run.seq)
          throw invalid(`--since ${o.since}: expected a number from 0 to ${run.seq}, the run's last event.`);
        await watchRun(context, { id: run.id, since: Number(o.since), asked: 'run' });
      }),
    );

  runs
    .command('abort <run>')
    .description('nothing new starts; running hosts finish')
    .option('--stop-running', 'running hosts stop before their next stage')
    .option('--reason <text>')
    .action(
      action<{ stopRunning?: boolean; reason?: string }>(async (context, [id], o) => {
        const before = await findRun(context, id ?? '');
        const client = await context.client();
        unwrap(
          await client.call('runs.abort', {
            id: before.id,
            stopRunning: o.stopRunning === true,
            ...(o.reason === undefined ? {} : { reason: o.reason }),
          }),
        );
        // An abort takes as long as the hosts at work do; what it was for is that nothing is at work any more.
        await watchRun(context, { id: before.id, since: before.seq, asked: 'abort' });
      }),
    );

  runs
    .command('rollback <run>')
    .description('bring the hosts of a run, or one of them, back to the state before it')
    .option('--host <name>', 'again and again', (value: string, all: string[]) => [...all, value], [])
    .option('--yes', 'do not ask')
    .action(
      action<{ host: string[]; yes?: boolean }>(async (context, [id], o) => {
        const client = await context.client();
        const before = await findRun(context, id ?? '');
        const hosts = o.host.length === 0 ? {} : { hosts: o.host };
        const preview = unwrap(await client.call('runs.rollbackPreview', { id: before.id, ...hosts }));
        if (!context.json) {
          for (const host of preview.hosts) {
            context.note(
              host.possible
                ? `${host.host}: ${host.restores.map((r) => `${r.name} ${r.from ?? '(absent)'} → ${r.to ?? '(absent)'}`).join(', ')}`
                : `${host.host}: not possible: ${host.reason ?? ''}`,
            );
          }
        }
        const possible = preview.hosts.filter((host) => host.possible).length;
        // With nothing to ask about, the refusal says why.
        if (possible > 0) await context.confirm(`Roll back ${possible} hosts?`, o.yes);
        const { run } = unwrap(await client.call('runs.rollback', { id: before.id, ...hosts }));
        await watchRun(context, { id: run.id, since: before.seq, asked: 'rollback' });
        const after = await findRun(context, before.id);
        const asked = after.tasks.filter((task) => o.host.length === 0 || o.host.includes(task.host));
        // One host of several undone leaves the run's verdict as it is; what was asked for decides.
        const failed = asked.some(
          (task) => task.state === 'rollback-failed' || task.state === 'needs-attention',
        );
        context.exitCode = failed ? 1 : 0;
      }),
    );

  runs
    .command('retry <run>')
    .description('try failed, unreachable and terminated hosts again')
    .option('--host <name>', 'again and again', (value: string, all: string[]) => [...all, value], [])
    .action(
      action<{ host: string[] }>(async (context, [id], o) => {
        const client = await context.client();
        const before = await findRun(context, id ?? '');
        const { run } = unwrap(
          await client.call('runs.retry', {
            id: before.id,
            ...(o.host.length === 0 ? {} : { hosts: o.host }),
          }),
        );
        await watchRun(context, { id: run.id, since: before.seq, asked: 'run' });
      }),
    );

  runs
    .command('resume <run>')
    .description('make sure a run that was interrupted goes on, and follow it')
    .action(
      action(async (context, [id]) => {
        // Attaching is enough: a host process resumes every unfinished run when it starts.
        const run = await findRun(context, id ?? '');
        await watchRun(context, { id: run.id, since: run.state === 'finished' ? 0 : run.seq, asked: 'run' });
      }),
    );

  runs
    .command('accept <run>')
    .description('end a run for good: what was put aside for its rollback is removed from the hosts')
    .action(
      action(async (context, [id]) => {
        const { id: runId } = await findRun(context, id ?? '');
        const client = await context.client();
        const outcome = unwrap(await client.call('runs.accept', { id: runId }));
        const event = await lastEvent(context, outcome.run);
        const { cleaned, notCleaned } = outcome;
        context.result({ ...event, cleaned, notCleaned }, () =>
          [
            `Accepted; cleaned ${outcome.cleaned.length} hosts.`,
            ...outcome.notCleaned.map((entry) => `${entry.host}: ${safe(entry.reason)}`),
          ].join('\n'),
        );
        if (outcome.notCleaned.length > 0) context.exitCode = 1;
      }),
    );
};
