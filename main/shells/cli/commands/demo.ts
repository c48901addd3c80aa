import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { Context, invalid, unwrap } from '../context.ts';
import { planText } from '../planText.ts';
import type { Register } from '../register.ts';
import { watchRun } from '../watch.ts';
import { machineZone } from '../zone.ts';

/** The whole job on the demo fleet, told step by step: scan, snapshot, freeze, a refusal, patch, undo. */
const play = async (context: Context, hosts: number): Promise<void> => {
  const p = context.paint;
  const say = (text: string) => process.stdout.write(`\n${p.cyan(`▶ ${text}`)}\n`);
  const client = await context.client();
  const signal = new AbortController().signal;

  say(`A fleet of ${hosts} hosts starts on this machine: real SSH servers, stand-in packages.`);
  unwrap(await client.call('system.demoStart', { hosts }));

  say('Scan: what do they have, what could be updated?');
  const { scans } = unwrap(await client.call('scans.run', { selectors: ['all'] }));
  const failed = scans.filter((scan) => scan.state === 'failed');
  process.stdout.write(
    `${scans.length - failed.length} hosts scanned, ${failed.length} could not be: ${failed.map((scan) => `${scan.host} (${scan.error?.code})`).join(', ')}\n`,
  );
  const good = scans.filter((scan) => scan.state !== 'failed').map((scan) => scan.host);

  say('Snapshot: the list of approved patches, taken from the scans.');
  const { snapshot } = unwrap(await client.call('snapshots.create', { name: 'november', from: good }));
  process.stdout.write(
    `${snapshot.name}@${snapshot.revision} with ${snapshot.entries.length} entries, ${snapshot.id}\n`,
  );

  say('Freeze: for a week, nothing else may be deployed there.');
  const now = Date.now();
  const frozen = unwrap(
    await client.call('snapshots.freeze', {
      ref: snapshot.name,
      hosts: 'tag=demo',
      from: new Date(now).toISOString(),
      to: new Date(now + 7 * 86_400_000).toISOString(),
      zone: machineZone(),
    }),
  ).snapshot;
  process.stdout.write(`frozen until ${frozen.freeze?.to}\n`);

  say('Something else is refused while the freeze holds:');
  const [entry] = snapshot.entries;
  const other = unwrap(await client.call('snapshots.create', { name: 'something else' })).snapshot;
  if (entry !== undefined)
    unwrap(
      await client.call('snapshots.edit', {
        ref: other.name,
        edits: [{ kind: 'add', name: entry.name, version: entry.version }],
      }),
    );
  const refused = unwrap(
    await client.call('plans.create', { snapshot: other.name, selectors: good.slice(0, 1) }),
  ).plan;
  process.stdout.write(
    `${refused.hosts
      .flatMap((host) => host.refusals.map((refusal) => `${host.host}: ${refusal.message}`))
      .slice(0, 1)
      .join('\n')}\n`,
  );

  say('Plan: what the frozen snapshot changes, by each host’s own package manager.');
  const plan = unwrap(
    await client.call('plans.create', {
      snapshot: snapshot.name,
      selectors: ['tag=demo'],
      parameters: { concurrency: '12', maxFailures: '25%' },
    }),
  ).plan;
  process.stdout.write(`${planText(plan, p).split('\n').slice(0, 14).join('\n')}\n…\n`);

  say('Run, at most 12 hosts at once; a failed host is rolled back.');
  const { run } = unwrap(await client.call('runs.start', { planId: plan.id, hash: plan.hash }));
  await watchRun(context, { id: run.id, since: 0, asked: 'run' });

  say('Undo one host that succeeded, and compare it with its capture.');
  const done = unwrap(await client.call('runs.show', { id: run.id })).run;
  const chosen = done.tasks.find((task) => task.state === 'succeeded');
  if (chosen !== undefined) {
    unwrap(await client.call('runs.rollback', { id: run.id, hosts: [chosen.host] }, signal));
    await watchRun(context, { id: run.id, since: done.seq, asked: 'rollback' });
    const { difference } = unwrap(await client.call('runs.difference', { id: run.id, host: chosen.host }));
    process.stdout.write(
      `${chosen.host} ${difference?.equal ? 'equals its capture' : 'differs from its capture'}\n`,
    );
  }
  context.exitCode = 0;
};

export const registerDemo = (program: Command, action: Register): void => {
  program
    .command('demo')
    .description('a fleet to try everything on: real SSH, no root, no network')
    .option('--hosts <n>', 'how many', '24')
    .option('--script', 'play the whole job in the terminal, in a folder that is removed afterwards')
    .option('--stop', 'end the demo fleet and remove its hosts')
    .action(
      action<{ hosts: string; script?: boolean; stop?: boolean; dataDir?: string }>(
        async (context, _words, o) => {
          const hosts = Number(o.hosts);
          if (!Number.isInteger(hosts) || hosts < 1 || hosts > 200)
            throw invalid('--hosts takes a number from 1 to 200.');
          if (o.script && context.json) throw invalid('--script is played for people; leave out --json.');
          if (o.script) return await inFolderOfItsOwn((own) => play(own, hosts), context);
          const client = await context.client();
          if (o.stop) {
            unwrap(await client.call('system.demoStop', {}));
            return context.result({ demo: { running: false, hosts: 0 } }, () => 'The demo fleet has ended.');
          }
          const { demo } = unwrap(await client.call('system.demoStart', { hosts }));
          context.result(
            { demo },
            () =>
              `The demo fleet runs with ${demo.hosts} hosts.\nTry: frostline scan tag=demo, or npm start for the window. End it with: frostline demo --stop`,
          );
        },
      ),
    );
};

const SCRIPT_PACE_MS = 30;

/** The script must not touch the admin's own inventory. */
const inFolderOfItsOwn = async (work: (context: Context) => Promise<void>, given: Context): Promise<void> => {
  // Read by the demo fleet's process: packages install quickly here, since nobody looks at a single one.
  process.env.FROSTLINE_DEMO_PACE ??= String(SCRIPT_PACE_MS);
  const dataDir = mkdtempSync(join(tmpdir(), 'frostline-demo-'));
  const own = new Context({ dataDir, color: given.paint.bold('x') !== 'x' });
  try {
    await work(own);
    unwrap(await (await own.client()).call('system.demoStop', {}));
    given.exitCode = own.exitCode;
  } finally {
    own.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
};
