import { type Command, Option } from 'commander';
import { FrostFault, frostError } from '../../../../shared/errors.ts';
import { type HostPlan, type Plan, packagesOf } from '../../../../shared/model/plan.ts';
import { type Context, exitCodeForHosts, unwrap } from '../context.ts';
import { requireHosts } from '../fleet.ts';
import { parametersOf, type RunOptions, withRunOptions } from '../parameters.ts';
import { planText } from '../planText.ts';
import type { Register } from '../register.ts';
import { bytes, count } from '../terminal.ts';
import { watchRun } from '../watch.ts';

const makePlan = async (
  context: Context,
  [snapshot = '', ...selectors]: string[],
  o: RunOptions,
): Promise<Plan> => {
  const parameters = parametersOf(context, o);
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

export const registerRun = (program: Command, action: Register): void => {
  withRunOptions(
    program
      .command('plan <snapshot> <selector...>')
      .description('what would change on every host, by its own package manager; changes nothing'),
  )
    // A plan takes run's options, so that one can be turned into the other by its first word.
    .addOption(new Option('--yes').hideHelp())
    .addOption(new Option('--detach').hideHelp())
    .addOption(new Option('--output').hideHelp())
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
    .option('--output', 'show what the hosts print')
    .action(
      action<RunOptions & { yes?: boolean; detach?: boolean; output?: boolean }>(
        async (context, words, o, rest) => {
          const plan = await makePlan(context, [...words, ...rest], o);
          refuseWhole(plan);
          if (!context.json) process.stderr.write(`${planText(plan, context.paint)}\n`);
          const ready = plan.hosts.filter((host) => host.state === 'ready').length;
          const download = plan.hosts.reduce((sum, host) => sum + host.bytes.download, 0);
          await context.confirm(`Change ${count(ready, 'host')} (download ${bytes(download)})?`, o.yes);
          const client = await context.client();
          const { run } = unwrap(await client.call('runs.start', { planId: plan.id, hash: plan.hash }));
          if (o.detach)
            return context.result(
              { run },
              () => `Run ${run.id} started. Watch it with: frostline runs watch ${run.id}`,
            );
          await watchRun(context, { id: run.id, since: 0, asked: 'run', output: o.output === true });
        },
      ),
    );
};
