/** Commits to a run for ever, as a runner does, and says after each commit how far it got. Arguments: file, run id. */
import { openStore } from '../../../main/adapters/sqlite/open.ts';
import { makeHost, uuid } from '../fleet/make.ts';
import { commitOf, makeRun, outputEvent } from './model.ts';

const [file = '', runId = ''] = process.argv.slice(2);
const opened = openStore({ file, log: { write: () => undefined } });
if (!opened.ok) throw new Error(opened.error.message);
const store = opened.value;
const hosts = [makeHost('web-1', { id: uuid(1) })];
if (store.run(runId) === undefined) store.createRun(commitOf(makeRun(runId, hosts)));
for (let seq = store.run(runId)?.run.seq ?? 0; ; ) {
  const events = [1, 2, 3].map((step) =>
    outputEvent(runId, seq + step, 'web-1', `${'x'.repeat(500)} ${seq + step}`),
  );
  seq += 3;
  store.commitRun(
    commitOf(makeRun(runId, hosts, { seq }), {
      state: { model: seq },
      events,
      addEffects: [{ id: `effect-${seq}`, kind: 'x', payload: seq }],
      doneEffects: [`effect-${seq - 3}`],
    }),
  );
  process.stdout.write(`${seq}\n`);
}
