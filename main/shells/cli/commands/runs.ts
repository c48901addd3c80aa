import type { Command } from 'commander';
import type { Output } from '../../../../shared/contract/contract.ts';
import { FrostFault, frostError } from '../../../../shared/errors.ts';
import type { Run, RunEvent } from '../../../../shared/model/run.ts';
import { type Context, invalid, unwrap } from '../context.ts';
import type { Register } from '../register.ts';
import { runText, waitingWave } from '../runText.ts';
import { count, safe, table } from '../terminal.ts';
import { findRun, watchRun } from '../watch.ts';

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

const chosen = (o: { host: string[]; wave?: string }): { hosts?: string[]; wave?: number } => {
  if (o.wave === undefined) return o.host.length === 0 ? {} : { hosts: o.host };
  if (o.host.length > 0) throw invalid('Give either --host or --wave.');
  if (!/^[1-9]\d{0,3}$/.test(o.wave)) throw invalid(`--wave ${o.wave}: expected the number of a wave.`);
  return { wave: Number(o.wave) };
};

type PreviewHost = Output<'runs.rollbackPreview'>['hosts'][number];

const previewText = (host: PreviewHost): string =>
  host.possible
    ? `${host.host}: ${host.restores.map((r) => `${r.name} ${r.from ?? '(absent)'} → ${r.to ?? '(absent)'}`).join(', ')}${host.reason === undefined ? '' : ` (${host.reason})`}`
    : `${host.host}: not possible: ${host.reason ?? ''}`;

/** True for the event after which nothing of what was asked for is left to come. */
const allUndone = (hosts: readonly string[]): ((event: RunEvent) => boolean) => {
  const waiting = new Set(hosts);
  return (event) => {
    if (event.type === 'task.state' && event.from === 'rolling-back') waiting.delete(event.host);
    if (event.type === 'run.rollback-stopped') for (const host of event.left) waiting.delete(host);
    return waiting.size === 0;
  };
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
                  waitingWave(r) === null ? r.state : `${r.state}, wave ${waitingWave(r)?.wave} waits`,
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
        context.result({ run }, () => runText(run, context.paint));
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
    .option('--output', 'show what the hosts print')
    .action(
      action<{ since: string; output?: boolean }>(async (context, [id], o) => {
        const run = await findRun(context, id ?? '');
        if (!/^\d{1,9}$/.test(o.since) || Number(o.since) > run.seq)
          throw invalid(`--since ${o.since}: expected a number from 0 to ${run.seq}, the run's last event.`);
        await watchRun(context, {
          id: run.id,
          since: Number(o.since),
          asked: 'run',
          output: o.output === true,
        });
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
    .command('approve <run>')
    .description('open the gate that the next wave waits for, and follow it until the one after, or the end')
    .option('--detach', 'do not watch')
    .action(
      action<{ detach?: boolean }>(async (context, [id], o) => {
        const before = await findRun(context, id ?? '');
        const client = await context.client();
        const { run } = unwrap(await client.call('runs.approve', { id: before.id }));
        if (o.detach)
          return context.result({ run }, () => `Wave ${run.wave?.number ?? 1} of run ${run.id} has started.`);
        await watchRun(context, {
          id: run.id,
          since: before.seq,
          asked: 'run',
          enough: (event) => event.type === 'wave.waiting',
        });
      }),
    );

  runs
    .command('rollback <run>')
    .description('bring the hosts of a run, or some of them, back to the state before it')
    .option('--host <name>', 'again and again', (value: string, all: string[]) => [...all, value], [])
    .option('--wave <n>', 'the hosts of this wave')
    .option('--yes', 'do not ask')
    .action(
      action<{ host: string[]; wave?: string; yes?: boolean }>(async (context, [id], o) => {
        const which = chosen(o);
        const client = await context.client();
        const before = await findRun(context, id ?? '');
        const preview = unwrap(await client.call('runs.rollbackPreview', { id: before.id, ...which }));
        if (!context.json) for (const host of preview.hosts) context.note(previewText(host));
        const possible = preview.hosts.filter((host) => host.possible).map((host) => host.host);
        // With nothing to ask about, the refusal says why.
        if (possible.length > 0) await context.confirm(`Roll back ${count(possible.length, 'host')}?`, o.yes);
        const { run } = unwrap(await client.call('runs.rollback', { id: before.id, ...which }));
        const some = which.hosts !== undefined || which.wave !== undefined;
        await watchRun(context, {
          id: run.id,
          since: before.seq,
          asked: 'rollback',
          // The rest of a run under way goes on, and may wait at a gate for days.
          ...(some && before.state !== 'finished' && { enough: allUndone(possible) }),
        });
        const after = await findRun(context, before.id);
        const asked = new Set(preview.hosts.map((host) => host.host));
        // One host of several undone leaves the run's verdict as it is; what was asked for decides.
        const failed = after.tasks.some(
          (task) =>
            asked.has(task.host) && (task.state === 'rollback-failed' || task.state === 'needs-attention'),
        );
        const left = after.tasks.some((task) => possible.includes(task.host) && task.state !== 'rolled-back');
        context.exitCode = failed || left ? 1 : 0;
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
            `Accepted; cleaned ${count(outcome.cleaned.length, 'host')}.`,
            ...outcome.notCleaned.map((entry) => `${entry.host}: ${safe(entry.reason)}`),
          ].join('\n'),
        );
        if (outcome.notCleaned.length > 0) context.exitCode = 1;
      }),
    );
};
