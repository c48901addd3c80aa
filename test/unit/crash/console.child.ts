/**
 * A whole host process over a data folder, with the demo fleet as its hosts: main/host.ts as it is, but for the store, which
 * may be the death of it (`bundle.ts` puts it in its place). Arguments: what to do, data folder, and for `prepare` the run's parameters as JSON.
 * `prepare` makes fleet, snapshot and plan; `play` starts the run, or resumes it, and sees it to its end; `report` tells how it ended.
 */
import { dirname, join } from 'node:path';
import { createClient } from '../../../main/adapters/rpc/client.ts';
import { serveChannel } from '../../../main/adapters/rpc/serve.ts';
import { startHost } from '../../../main/host.ts';
import type { Output } from '../../../shared/contract/contract.ts';
import type { Result } from '../../../shared/errors.ts';
import { channelPair } from '../../support/channelPair.ts';

/** With five hosts: app-01's new package fails, cache-01 has an old kernel. */
const FLEET = 5;
const HOSTS = ['web-01', 'app-01', 'cache-01'];
const PACKAGES = [
  'less',
  'libexpat1',
  'libnode108',
  'nodejs',
  'linux-image-6.1.0-27-amd64',
  'linux-image-amd64',
];

const [task = '', dataDir = '', parameters = '{}'] = process.argv.slice(2);

const value = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};

const host = value(
  await startHost({
    dataDir,
    version: 'test',
    demoCommand: [process.execPath, join(dirname(process.argv[1] ?? ''), 'demo.mjs')],
  }),
);
const [near, far] = channelPair();
serveChannel(far, { handlers: host.handlers, log: host.log, correlationId: () => 'crash' });
const client = createClient(near, { actor: 'test' });
const tell = (what: unknown): void => void process.stdout.write(`${JSON.stringify(what)}\n`);

const prepare = async (): Promise<void> => {
  value(await client.call('system.demoStart', { hosts: FLEET }));
  value(await client.call('scans.run', { selectors: HOSTS }));
  const made = value(await client.call('snapshots.create', { name: 'november', from: HOSTS })).snapshot;
  const others = made.entries.filter((entry) => !PACKAGES.includes(entry.name));
  value(
    await client.call('snapshots.edit', {
      ref: 'november',
      edits: others.map(({ name, arch }) => ({
        kind: 'remove' as const,
        name,
        ...(arch !== undefined && { arch }),
      })),
    }),
  );
  const { plan } = value(
    await client.call('plans.create', {
      snapshot: 'november',
      selectors: HOSTS,
      parameters: JSON.parse(parameters) as object,
    }),
  );
  tell(plan.hosts.map(({ host: name, state, actions }) => ({ host: name, state, actions: actions.length })));
};

const newestRun = async (): Promise<Output<'runs.list'>['runs'][number] | undefined> =>
  value(await client.call('runs.list', { limit: 1 })).runs[0];

const play = async (): Promise<void> => {
  if ((await newestRun()) === undefined) {
    const [plan] = value(await client.call('plans.list', {})).plans;
    if (plan === undefined) throw new Error('there is no plan');
    value(await client.call('runs.start', { planId: plan.id, hash: plan.hash }));
  }
  const id = (await newestRun())?.id ?? '';
  // Ends when the run is at rest.
  for await (const _event of client.stream('runs.events', { id, follow: false }));
  tell('at rest');
};

const report = async (): Promise<void> => {
  const id = (await newestRun())?.id ?? '';
  const { run } = value(await client.call('runs.show', { id }));
  const { runs } = value(await client.call('runs.check', { id }));
  tell({
    state: run.state,
    verdict: run.verdict,
    tasks: Object.fromEntries(run.tasks.map((one) => [one.host, one.state])),
    errors: Object.fromEntries(run.tasks.map((one) => [one.host, one.error?.code ?? null])),
    check: runs,
  });
};

const TASKS: Record<string, () => Promise<void>> = { prepare, play, report };
await TASKS[task]?.();
client.close();
await host.close();
process.exit(0);
